// SPDX-License-Identifier: Apache-2.0
// image_gc.cc: `sabot image gc`: collect what nobody needs in the caller's own store.
// Not here: the policy and the collecting (images/store_gc.h).
#include <unistd.h>

#include <charconv>
#include <iostream>
#include <set>

#include "child_output.h"
#include "commands.h"
#include "images/store_gc.h"
#include "json_text.h"
#include "progress_bar.h"
#include "stores.h"
#include "sys/error.h"

namespace sabot {
namespace {

// The jobs that Slurm has on this cluster. Without Slurm, or where it does not answer, none: leases alone
// decide then, and they end no sooner for it.
std::set<std::uint64_t> jobs_of_slurm() {
  std::set<std::uint64_t> jobs;
  try {
    const ChildOutput squeue =
        run_child({"squeue", "--noheader", "--all", "--format=%A"}, environment_without({"SQUEUE_"}));
    const char* at = squeue.output.data();
    const char* const end = at + squeue.output.size();
    while (at < end) {
      std::uint64_t job = 0;
      const char* const rest = std::from_chars(at, end, job).ptr;
      if (rest != at) jobs.insert(job);
      at = rest + 1;
    }
  } catch (const Error&) {
    return {};  // there is no squeue
  }
  return jobs;
}

class Jobs {
 public:
  bool has(std::uint64_t job) {
    if (!asked_) jobs_ = jobs_of_slurm();
    asked_ = true;
    return jobs_.contains(job);
  }

 private:
  bool asked_ = false;  // most stores have no lease of a job
  std::set<std::uint64_t> jobs_;
};

std::string verdict_json(const images::GcVerdict& verdict, bool dry_run) {
  JsonObject object;
  object.add("digest", verdict.image.record.digest);
  object.add("names", verdict.image.record.names);
  object.add("size_bytes", verdict.image.record.size_bytes);
  object.add("used_s", static_cast<std::uint64_t>(verdict.image.used_s));
  object.add("verdict", verdict.goes ? (dry_run ? "would go" : "removed") : "kept");
  object.add("why", verdict.why);
  return object.text();
}

void print_text(const std::vector<images::GcVerdict>& verdicts, bool dry_run) {
  std::uint64_t bytes = 0;
  std::size_t count = 0;
  for (const images::GcVerdict& verdict : verdicts) {
    if (!verdict.goes && dry_run)
      std::cout << verdict.image.record.digest << "  stays: " << verdict.why << '\n';
    if (!verdict.goes) continue;
    bytes += verdict.image.record.size_bytes;
    ++count;
    std::cout << verdict.image.record.digest << "  " << human_bytes(verdict.image.record.size_bytes) << "  "
              << verdict.why << '\n';
  }
  std::cout << (dry_run ? "would remove " : "removed ") << count << " of " << verdicts.size() << " images, "
            << human_bytes(bytes) << '\n';
}

}  // namespace

int image_gc_command(const GlobalOptions& global, const GcCommand& command) {
  const std::string path = store_path(read_site_config(global.config_file));
  std::vector<images::GcVerdict> verdicts;
  if (::access(path.c_str(), F_OK) == 0) {
    images::Store store = images::open_existing_store(path);
    Jobs jobs;
    verdicts = images::collect(
        store, command.policy, [&jobs](std::uint64_t job) { return jobs.has(job); }, command.dry_run);
  }
  if (!global.json) {
    print_text(verdicts, command.dry_run);
    return 0;
  }
  std::string list;
  for (const images::GcVerdict& verdict : verdicts)
    list += (list.empty() ? "" : ",") + verdict_json(verdict, command.dry_run);
  std::cout << '[' << list << "]\n";
  return 0;
}

}  // namespace sabot
