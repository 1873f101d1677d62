// SPDX-License-Identifier: Apache-2.0
// topo.cc: `sabot topo`: which rank of a step would run where on this node.
// Not here: the decision and the drawing (stage1-hpc/placement, the program sabot-topo).
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "commands.h"
#include "programs.h"
#include "site_config.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

// A number at the front of one of Slurm's variables: SLURM_TASKS_PER_NODE is "2(x3),1", for whom it is on the
// first kind of node.
unsigned job_number(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr) return otherwise;
  const std::string_view word = text;
  unsigned value = 0;
  const auto [end, err] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (err != std::errc{} || value == 0)
    throw Refused(std::string(name) + "='" + printable(word) + "' is no number");
  return value;
}

TopoOptions of_job(TopoOptions options) {
  if (std::getenv("SLURM_JOB_ID") == nullptr)
    throw UsageError("--job: this is not inside a Slurm job; use --ranks, --threads, --gpus-per-rank");
  options.ranks = job_number("SLURM_NTASKS_PER_NODE", job_number("SLURM_TASKS_PER_NODE", 1));
  options.threads = job_number("SLURM_CPUS_PER_TASK", 1);
  const unsigned gpus = job_number("SLURM_GPUS_ON_NODE", 0);
  options.gpus_per_rank =
      std::getenv("SLURM_GPUS_ON_NODE") != nullptr ? (gpus + options.ranks - 1) / options.ranks : 0;
  return options;
}

}  // namespace

int topo_command(const GlobalOptions& global, const TopoOptions& given) {
  const SiteConfig site = read_site_config(global.config_file);
  const TopoOptions options = given.job ? of_job(given) : given;
  if (options.svg && global.json) throw UsageError("--svg and --json are two formats; choose one");
  const std::string program = libexec_program("sabot-topo");
  const std::vector<std::string> words = {
      "sabot-topo",
      "draw",
      "ranks=" + std::to_string(options.ranks),
      "threads=" + std::to_string(options.threads),
      "gpus-per-rank=" + std::to_string(options.gpus_per_rank),
      "pin=" + (options.pin.empty() ? site.pin : options.pin),
      "cpus=" + options.cpus,
      "topology=" + (options.topology.empty() ? site.topology : options.topology),
      std::string("format=") + (options.svg   ? "svg"
                                : global.json ? "json"
                                              : "text")};
  ::execv(program.c_str(), argv_of(words).data());
  throw Error(errno, "start " + program);
}

}  // namespace sabot
