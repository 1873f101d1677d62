// SPDX-License-Identifier: Apache-2.0
// stage1_dir_main.cc: sabot-stage1-dir, for `sabot run DIR`: makes a pod whose root is a directory of the
// host around itself and becomes the command. One process from beginning to end: nothing is served, so there
// is neither keeper nor rank to be let in. `sabot run` execs it with the descriptors of stage0_abi.h. Not
// here: such a pod under Slurm, whose ranks come from outside (keeper.cc).
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "builder.h"
#include "callers_settings.h"
#include "fs/host_directory.h"
#include "rank_entry.h"
#include "stage0_abi.h"
#include "sys/error.h"
#include "sys/files.h"
#include "userns.h"

namespace {

using namespace sabot;

UniqueFd copy_of(const UniqueFd& fd) { return UniqueFd{check(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0), "dup")}; }

// The order is that of keep_pod and enter_pod, in one process.
// Returns what of the caller's environment means nothing in this pod.
CallersSettings become_pod(const PodManifest& pod, const UniqueFd& directory) {
  ImageTree tree{open_host_directory(copy_of(directory))};
  const MountPlan plan = plan_mounts(pod, tree);  // looks at the host as the user, nothing more
  add_lines(pod, tree);
  CallersSettings settings = judge_settings(pod, tree, plan);
  enter_user_namespace(pod.inside_uid, pod.inside_gid);  // from here on we may mount
  build_tree(pod, plan, {.directory = directory.get(), .additions = tree.additions()}, -1);
  FailureText why{};
  if (!settle_in_pod(plan.workdir.c_str(), pod.privileged, &why)) throw std::runtime_error(why.text);
  return settings;
}

void unset_variables(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    const std::string name = entry.substr(0, entry.find('='));
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && entry == name + "=" + value) ::unsetenv(name.c_str());
  }
}

void apply_environment(const std::vector<std::string>& entries, bool overwrite) {
  for (const std::string& entry : entries) {
    const std::size_t equals = entry.find('=');
    if (equals != entry.npos)
      ::setenv(entry.substr(0, equals).c_str(), entry.c_str() + equals + 1, overwrite ? 1 : 0);
  }
}

int become_command(char** command) {
  ::execvp(command[0], command);
  const int err = errno;
  std::fprintf(stderr, "sabot: error: %s in the image: %s\n", printable(command[0]).c_str(),
               std::strerror(err));
  return err == ENOENT || err == ENOTDIR ? kExitNotFound : kExitNotExecutable;
}

}  // namespace

int main(int argc, char** argv) {
  const int fds[] = {argc > 3 ? std::atoi(argv[1]) : -1, argc > 3 ? std::atoi(argv[2]) : -1};
  if (::fcntl(fds[0], F_SETFD, FD_CLOEXEC) == -1 || ::fcntl(fds[1], F_SETFD, FD_CLOEXEC) == -1) {
    std::fprintf(stderr, "sabot-stage1-dir: internal program of Sabot, started by `sabot run`\n");
    return kExitUsage;
  }
  try {
    const UniqueFd manifest{fds[0]};
    const UniqueFd directory{fds[1]};
    const PodManifest pod = decode_manifest(read_all(manifest.get(), kManifestBytes));
    const CallersSettings settings = become_pod(pod, directory);
    unset_variables(settings.unset);
    apply_environment(pod.env, true);
    apply_environment(pod.default_env, false);
    apply_environment(settings.default_env, false);
    return become_command(argv + 3);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "sabot: error: %s\n", e.what());
    return kExitRuntime;
  }
}
