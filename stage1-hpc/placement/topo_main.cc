// SPDX-License-Identifier: Apache-2.0
// topo_main.cc: sabot-topo: the one program that asks hwloc about a node.
//   sabot-topo seat [TOPOLOGY]           for the keeper: a question on standard input, the answer on output
//   sabot-topo draw NAME=VALUE...        for `sabot topo`: a picture
// A program of its own, so that the keeper, which serves the ranks' file system, does not load and trust a
// library that walks sysfs and PCI devices; and so that the walk takes place while the pod is being built.
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>

#include "placement/picture.h"
#include "placement/seating.h"
#include "sys/error.h"
#include "sys/files.h"

namespace {

using namespace sabot;
using namespace sabot::placement;

constexpr unsigned kPatienceS = 20;
constexpr std::size_t kQuestionBytes = 4 * 1024 * 1024;

int say(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0
             ? 0
             : kExitRuntime;
}

Topology topology(const std::string& file) {
  return file.empty() ? Topology::of_this_node() : Topology::from_xml(file);
}

std::string answer(const std::string& file, std::string& question) try {
  const Topology node = topology(file);  // before the question: the ranks are still on their way
  question = read_all(STDIN_FILENO, kQuestionBytes);
  if (question.empty()) return "";  // nobody wants to know any more
  const Question asked = parse_question(question);
  return format_answer(place(node, asked.step, asked.pin));
} catch (const std::exception& e) {
  if (question.empty()) question = read_all(STDIN_FILENO, kQuestionBytes);  // who asks must be able to
  return "error " + std::string(e.what()) + "\n";
}

int seat(const std::string& file) {
  ::alarm(kPatienceS);  // a machine that hangs in a device's driver must not hold a step up
  std::string question;
  return say(answer(file, question));
}

// What this process may run on is what a rank started from here would have.
CpuSet own_cpus() {
  CpuSet set;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  check(::sched_getaffinity(0, sizeof mask, &mask), "sched_getaffinity");
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &mask)) set.add(cpu);
  return set;
}

unsigned number(const std::string& name, const std::string& text) {
  const std::vector<unsigned> one = gpu_numbers(text);
  if (one.size() != 1 || one.front() > kMaxRanks)
    throw UsageError("--" + name + ": '" + printable(text) + "' is no number");
  return one.front();
}

int draw(std::map<std::string, std::string> options) {
  const Topology node = topology(options["topology"]);
  CpuSet allowed = options["topology"].empty() ? own_cpus() & node.cpus() : node.cpus();
  if (!options["cpus"].empty()) allowed = CpuSet::parse(options["cpus"]) & node.cpus();
  if (allowed.empty()) throw Refused("CPUs " + printable(options["cpus"]) + ": this node has none of them");
  const unsigned each = number("gpus-per-rank", options["gpus-per-rank"]);
  const auto gpus = static_cast<unsigned>(node.gpus().size());
  Step step;
  step.threads_per_rank = number("threads", options["threads"]);
  const unsigned ranks = number("ranks", options["ranks"]);
  for (unsigned i = 0; i < ranks; ++i) {
    Rank rank{allowed, {}};
    for (unsigned k = 0; k < each && gpus > 0; ++k) rank.gpus.push_back((i * each + k) % gpus);
    step.ranks.push_back(std::move(rank));
  }
  const std::vector<Placement> placements = place(node, step, parse_pin(options["pin"]));
  const Scene scene{node, allowed, placements, options["pin"]};
  if (options["format"] == "json") return say(write_json(scene));
  return say(options["format"] == "svg" ? draw_svg(scene) : draw_text(scene));
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc >= 2 && argc <= 3 && std::strcmp(argv[1], "seat") == 0) return seat(argc == 3 ? argv[2] : "");
  if (argc < 2 || std::strcmp(argv[1], "draw") != 0) {
    std::fprintf(stderr, "sabot-topo: internal program of Sabot; see `sabot topo`\n");
    return kExitUsage;
  }
  std::map<std::string, std::string> options = {
      {"ranks", "1"}, {"threads", "1"}, {"gpus-per-rank", "0"}, {"pin", "auto"}, {"format", "text"}};
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t equals = word.find('=');
    if (equals != word.npos) options[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return draw(std::move(options));
} catch (const UsageError& e) {
  std::fprintf(stderr, "sabot: error: %s\n", e.what());
  return kExitUsage;
} catch (const std::exception& e) {
  std::fprintf(stderr, "sabot: error: %s\n", e.what());
  return kExitRuntime;
}
