// SPDX-License-Identifier: Apache-2.0
// check.cc: `sabot check`: walk the launch on this node as this user, and say what an administrator would do.
// Not here: the kernel's part (sabot-stage1 --check), Slurm's files (check_slurm.cc), the table
// (check_report.cc).
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "check_report.h"
#include "check_slurm.h"
#include "child_output.h"
#include "commands.h"
#include "empty_image.h"
#include "images/store.h"
#include "programs.h"
#include "slurm_conf.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

// A step whose function throws has failed, in the words of the exception.
template <class Try>
CheckStep step(const char* name, const std::string& remedy, Try&& attempt) {
  try {
    CheckStep done = attempt();
    done.step = name;
    return done;
  } catch (const Error& e) {
    const bool none_left = e.code() == std::errc::resource_unavailable_try_again;
    return {name, CheckResult::failed, e.what(),
            none_left ? "the user has too many processes for `ulimit -u`: raise it" : remedy};
  } catch (const std::exception& e) {
    return {name, CheckResult::failed, e.what(), remedy};
  }
}

CheckStep check_user() {
  if (::geteuid() != 0) return {"", CheckResult::ok, "uid " + std::to_string(::geteuid()), ""};
  return {"", CheckResult::warning, "uid 0: what forbids a launch to ordinary users is not seen",
          "run it as an ordinary user as well: runuser -u NAME -- sabot check"};
}

CheckStep check_site(const std::string& file, SiteConfig& site) {
  site = read_site_config(file);
  const bool there = ::access(file.c_str(), F_OK) == 0;
  return {"", CheckResult::ok, file + (there ? "" : " is not there: defaults"), ""};
}

// The nearest directory above `path` that exists: where the store would be made.
std::filesystem::path existing_parent(std::filesystem::path path) {
  while (path.has_relative_path() && !std::filesystem::exists(path)) path = path.parent_path();
  return path;
}

CheckStep check_store(const SiteConfig& site) {
  const std::string path = store_path(site);
  const Context doing{"store " + path};
  if (::access(path.c_str(), F_OK) == 0) {
    const std::size_t images = images::open_existing_store(path).list().size();
    const bool ours = ::access(path.c_str(), W_OK) == 0;
    return {
        "", CheckResult::ok,
        path + ": " + std::to_string(images) + " images" + (ours ? "" : "; it cannot be written, only used"),
        ""};
  }
  if (errno != ENOENT) throw Error(errno, "look at it");
  const std::filesystem::path parent = existing_parent(path);
  if (!std::filesystem::is_directory(parent)) throw Refused(parent.string() + " is no directory");
  if (::access(parent.c_str(), W_OK | X_OK) == -1) throw Error(errno, "make it in " + parent.string());
  return {"", CheckResult::ok, path + " is not there yet; it can be made", ""};
}

// A library that is not on this node would be seen here. An image that is a squashfs file needs none of it.
CheckStep check_importer() {
  const std::string program = libexec_program("sabot-import");
  CheckStep found{"", CheckResult::ok, program, ""};
  try {
    const ChildOutput said = run_child({program}, environment_without({}));
    if (said.status == kExitUsage) return found;  // it is there, and says that it was given nothing to do
    found.detail +=
        " ended with " + std::to_string(said.status) + ": " + said.errors.substr(0, said.errors.find('\n'));
  } catch (const Error& e) {
    found.detail = e.what();
  }
  found.result = CheckResult::warning;
  found.remedy =
      "install Sabot's programs together, and the libraries they need; until then no image can be imported";
  return found;
}

// What stage1 is, then what it says.
void add_kernel_steps(std::vector<CheckStep>& steps) {
  std::vector<CheckStep> kernel;
  steps.push_back(step("stage1", "install Sabot's programs together, from one release", [&] {
    const std::string program = libexec_program("sabot-stage1");
    const ChildOutput said = run_child({program, "--check"}, environment_without({}));
    if (said.status != 0)
      throw Refused(program + " ended with " + std::to_string(said.status) + ": " + printable(said.errors));
    kernel = parse_check_lines(said.output);
    if (kernel.empty()) throw Refused(program + " says nothing");
    return CheckStep{"", CheckResult::ok, program, ""};
  }));
  steps.insert(steps.end(), kernel.begin(), kernel.end());
}

UniqueFd empty_image() {
  UniqueFd fd{check(::memfd_create("sabot-check", MFD_CLOEXEC), "memfd_create")};
  write_all(fd.get(), {reinterpret_cast<const char*>(kEmptyImage), sizeof kEmptyImage});
  return fd;
}

// The whole way of a rank, to the exec: of a command that the image cannot have, so that 127 is success.
CheckStep check_launch(const std::string& config_file) {
  const UniqueFd image = empty_image();
  const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(image.get());
  const auto begun = std::chrono::steady_clock::now();
  const ChildOutput said =
      run_child({own_program(), "--config", config_file, "run", path, "--", "/sabot-check"},
                environment_without({"SABOT_CONTAINER_", "PYXIS_CONTAINER_", "SLURM_SABOT_"}));
  const auto took = std::chrono::steady_clock::now() - begun;
  const bool entered = said.status == kExitNotFound && said.errors.find("in the image") != said.errors.npos;
  if (!entered) {
    std::string words = said.errors.substr(0, said.errors.find('\n'));
    if (words.starts_with("sabot: error: ")) words.erase(0, 14);
    throw Refused(words.empty() ? "ended with " + std::to_string(said.status) : words);
  }
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  return {"", CheckResult::ok, "an empty image was mounted and entered in " + std::to_string(ms) + " ms", ""};
}

bool wants_colour() {
  const char* term = std::getenv("TERM");
  const char* never = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (never == nullptr || *never == '\0') && term != nullptr &&
         std::string(term) != "dumb";
}

}  // namespace

int check_command(const GlobalOptions& global) {
  ::signal(SIGXFSZ, SIG_IGN);  // a limit that is too low is something to tell, not to die of
  std::vector<CheckStep> steps;
  SiteConfig site;
  steps.push_back(step("user", "", check_user));
  steps.push_back(step("site configuration", "correct the file, see sabot.conf(5)",
                       [&] { return check_site(global.config_file, site); }));
  steps.push_back(
      step("image store",
           "make it a directory of the user's own that nobody else can write, or name another: `store` "
           "in sabot.conf(5), or SABOT_STORE",
           [&] { return check_store(site); }));
  steps.push_back(step("importer", "mount /proc", check_importer));
  add_kernel_steps(steps);
  steps.push_back(step("whole launch",
                       "see the steps above; if they are all ok, see the mounts in sabot.conf(5)",
                       [&] { return check_launch(global.config_file); }));
  for (CheckStep& slurm : check_slurm(find_slurm_conf())) steps.push_back(std::move(slurm));
  std::cout << (global.json ? check_json(steps) : check_table(steps, wants_colour())) << std::flush;
  if (!std::cout) return kExitRuntime;
  return would_fail(steps) ? 1 : 0;
}

}  // namespace sabot
