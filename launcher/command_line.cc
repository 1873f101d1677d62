// SPDX-License-Identifier: Apache-2.0
// command_line.cc: main() of sabot: the command line, and the one place that prints a failure.
// Not here: the commands of the store (image_command_line.cc).
#include <algorithm>
#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <optional>

#include "commands.h"
#include "image_command_line.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/raised_ids.h"

namespace sabot {
namespace {

int complain(const char* what, int code) {
  static constexpr std::size_t kLongest = 1000;  // a value of 100 KB is not repeated
  const std::string_view text = what;
  std::cerr << "sabot: error: " << text.substr(0, kLongest) << (text.size() > kLongest ? "..." : "") << '\n';
  return code;
}

struct Switches {
  bool writable = false;
  bool readonly = false;
  bool mount_home = false;
  bool no_mount_home = false;
  bool remap_root = false;
  bool no_remap_root = false;
};

// Two switches of which a command line takes one.
void add_pair(CLI::App& command, const std::string& yes, bool& wanted, const char* yes_help,
              const std::string& no, bool& unwanted, const char* no_help) {
  CLI::Option* first = command.add_flag(yes, wanted, yes_help);
  command.add_flag(no, unwanted, no_help)->excludes(first);
}

// One row per option of a pod. Names as in srun, so that a command moves between the two.
void add_pod_options(CLI::App& command, PodOptions& pod, Switches& switches) {
  command.add_option("--container-mounts", pod.mounts, "bind host paths into the pod; read-write unless :ro")
      ->type_name("SRC[:DST[:FLAGS]],...");
  command.add_option("--container-workdir", pod.workdir, "where ranks start, inside the image")
      ->type_name("DIR");
  command
      .add_option("--container-env", pod.env, "variables whose value is the job's, whatever the image says")
      ->type_name("NAME,...");
  command
      .add_option("--container-unshare,--unshare", pod.unshare,
                  "namespaces of the pod's own: net (loopback alone), ipc, uts")
      ->type_name("NAME,...");
  command.add_option("--container-pin", pod.pin, "what ranks that Slurm did not bind are pinned to")
      ->type_name("auto|none|core|l3|numa|socket|gpu");
  command
      .add_option("--container-pull", pod.pull,
                  "when to ask a registry what a tag means: new (default), update or never")
      ->type_name("POLICY");
  add_pair(command, "--container-writable", switches.writable,
           "let ranks write everywhere; what they wrote goes with the pod", "--container-readonly",
           switches.readonly, "the image cannot be written (default)");
  add_pair(command, "--container-mount-home", switches.mount_home, "bind the home directory",
           "--no-container-mount-home", switches.no_mount_home, "do not (default)");
  add_pair(command, "--container-remap-root", switches.remap_root,
           "be root inside, with privileges over the pod alone", "--no-container-remap-root",
           switches.no_remap_root, "be oneself inside (default)");
}

PodOptions with_switches(PodOptions pod, const Switches& switches) {
  if (switches.writable) pod.writable = true;
  if (switches.readonly) pod.writable = false;
  if (switches.mount_home || switches.no_mount_home) pod.mount_home = switches.mount_home;
  if (switches.remap_root || switches.no_remap_root) pod.remap_root = switches.remap_root;
  return pod;
}

// Everything the parser fills, and what to do after it.
struct CommandLine {
  GlobalOptions global{SABOT_CONFIG_FILE, false};
  RunOptions run;
  PodOptions resolve;
  Switches run_switches;
  Switches resolve_switches;
  std::string explanation;
  bool for_step = false;
  bool for_job = false;
  std::optional<std::vector<std::string>> after_dashes;  ///< CLI11 would take them for the main program's own
  std::function<int()> action;
  TopoOptions topo;
};

// The words after the first `--`; what is before it stays in `words`.
std::optional<std::vector<std::string>> split_at_dashes(std::vector<std::string>& words) {
  const auto dashes = std::find(words.begin(), words.end(), "--");
  if (dashes == words.end()) return std::nullopt;
  std::vector<std::string> after(dashes + 1, words.end());
  words.erase(dashes, words.end());
  return after;
}

void add_run(CLI::App& app, CommandLine& line) {
  CLI::App* run = app.add_subcommand("run", "run a command in a pod of its own, without Slurm");
  run->add_option("IMAGE", line.run.pod.image,
                  "file, directory, oci:DIR[:REF], docker://NAME, name or sha256: digest")
      ->required();
  add_pod_options(*run, line.run.pod, line.run_switches);
  run->add_flag("--explain", line.run.explain, "print what would be done, and why, and do nothing");
  run->fallthrough(false)
      ->prefix_command();  // from the first further word on everything is the command's, as with docker run
  run->footer("sabot run [OPTIONS] IMAGE [--] COMMAND [ARGUMENT...]; without a command, the image's own");
  run->callback([&line, run] {
    // What stood before a `--` is the command's too: `sabot run IMAGE sh -c 'SCRIPT' -- ARGUMENT`.
    std::vector<std::string> command = run->remaining();
    if (!command.empty() && command.front().starts_with("-"))
      throw UsageError("run: unknown option '" + printable(command.front()) +
                       "'; options come before IMAGE, and a command that begins with - after --");
    if (!command.empty() && line.after_dashes) command.emplace_back("--");
    if (line.after_dashes)
      command.insert(command.end(), line.after_dashes->begin(), line.after_dashes->end());
    line.run.command = std::move(command);
    line.action = [&line] {
      line.run.pod = with_switches(line.run.pod, line.run_switches);
      return run_command(line.global, line.run);
    };
  });
}

void add_resolve(CLI::App& app, CommandLine& line) {
  CLI::App* resolve =
      app.add_subcommand("resolve", "say which image a reference means; import it if it must be");
  resolve->add_option("IMAGE,--container-image", line.resolve.image, "image reference");
  resolve->add_option("--container", line.resolve.native_image, "as srun's own option");
  add_pod_options(*resolve, line.resolve, line.resolve_switches);
  resolve->add_option("--explain", line.explanation, "internal: text or json")->group("");
  resolve->add_flag("--for-step", line.for_step, "internal: print what srun publishes")->group("");
  resolve->add_flag("--for-job", line.for_job, "internal: print what sbatch and salloc publish")->group("");
  resolve->callback([&line] {
    line.action = [&line] {
      const ResolveFor whom = line.for_step  ? ResolveFor::step
                              : line.for_job ? ResolveFor::job
                                             : ResolveFor::person;
      return resolve_command(line.global, with_switches(line.resolve, line.resolve_switches), whom,
                             line.explanation);
    };
  });
}

bool is_json(const std::string& word) {
  if (word != "json" && word != "text")
    throw UsageError("--format: '" + printable(word) + "' is neither text nor json");
  return word == "json";
}

void add_topo(CLI::App& app, CommandLine& line) {
  CLI::App* topo = app.add_subcommand("topo", "draw which rank of a step runs where on this node");
  TopoOptions& options = line.topo;
  topo->add_option("--ranks", options.ranks, "ranks on this node (default 1)")->type_name("N");
  topo->add_option("--threads", options.threads, "cores that a rank shall have at least (default 1)")
      ->type_name("N");
  topo->add_option("--gpus-per-rank", options.gpus_per_rank, "GPUs that each rank sees (default 0)")
      ->type_name("N");
  topo->add_flag("--job", options.job, "ranks, threads and GPUs as the Slurm job around this has them");
  topo->add_option("--pin", options.pin, "as --container-pin (default auto)")->type_name("WHERE");
  topo->add_option("--cpus", options.cpus, "of these CPUs alone (default: those this may run on)")
      ->type_name("LIST");
  topo->add_option("--topology", options.topology, "of the machine that lstopo wrote into FILE, not of this")
      ->type_name("FILE");
  topo->add_flag("--svg", options.svg, "a drawing, as SVG");
  topo->callback([&line] { line.action = [&line] { return topo_command(line.global, line.topo); }; });
}

void describe(CLI::App& app, CommandLine& line) {
  app.description("Sabot runs HPC job steps inside container images; see sabot(1).");
  app.add_option("--config", line.global.config_file, "site configuration (default " SABOT_CONFIG_FILE ")")
      ->type_name("FILE");
  app.add_flag("--json", line.global.json, "answer in JSON, where there is something to answer");
  app.add_option_function<std::string>(
         "--format", [&line](const std::string& word) { line.global.json = is_json(word); },
         "text (default) or json, which is what --json means")
      ->type_name("FORMAT");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "sabot " SABOT_VERSION);
  add_run(app, line);
  add_resolve(app, line);
  add_image_commands(app, line.global, line.action);
  CLI::App* prepare = app.add_subcommand("prepare", "internal: stage0 of one pod")->group("");
  prepare->callback([&line] { line.action = [&line] { return prepare_command(line.global); }; });
  add_topo(app, line);
  CLI::App* check =
      app.add_subcommand("check", "try a launch on this node, step by step, and say what to change");
  check->callback([&line] { line.action = [&line] { return check_command(line.global); }; });
  CLI::App* version = app.add_subcommand("version", "which release this is");
  version->callback([&line] { line.action = [&line] { return version_command(line.global); }; });
}

// CLI11 alone would say that a subcommand is missing, not that this is none.
void refuse_unknown_command(const CLI::App& app, const std::vector<std::string>& words) {
  const auto first = std::find_if(words.begin(), words.end(),
                                  [](const std::string& word) { return !word.starts_with("-"); });
  if (first == words.end() || (first != words.begin() && *(first - 1) == "--config")) return;
  const std::vector<const CLI::App*> commands = app.get_subcommands({});
  if (std::none_of(commands.begin(), commands.end(),
                   [&](const CLI::App* command) { return command->check_name(*first); }))
    throw UsageError("unknown command '" + printable(*first) + "'; see sabot --help");
}

}  // namespace

int version_command(const GlobalOptions& global) {
  std::cout << (global.json ? "{\"version\":\"" SABOT_VERSION "\"}" : "sabot " SABOT_VERSION) << '\n';
  return 0;
}

}  // namespace sabot

int main(int argc, char** argv) {
  using namespace sabot;
  if (has_raised_ids()) return complain(kRaisedIds, kExitRuntime);
  CommandLine line;
  CLI::App app;
  try {
    describe(app, line);
    std::vector<std::string> words(argv + 1, argv + argc);
    line.after_dashes = split_at_dashes(words);
    refuse_unknown_command(app, words);
    std::reverse(words.begin(), words.end());  // CLI11 wants them so
    app.name("sabot");
    app.parse(std::move(words));
    return line.action();
  } catch (const CLI::Success& e) {  // --help, --version
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return complain(printable(e.what()).c_str(), kExitUsage);
  } catch (const UsageError& e) {
    return complain(e.what(), kExitUsage);
  } catch (const std::exception& e) {
    return complain(e.what(), kExitRuntime);
  }
}
