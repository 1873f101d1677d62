// SPDX-License-Identifier: Apache-2.0
// stage1_main.cc: sabot-stage1, the default flavour `hpc`: becomes the keeper of one pod.
// Stage0 execs it with the descriptors of stage0_abi.h. `--refuse TEXT` says that stage0 found there can be
// no pod: the waiting ranks are told so. `--check` builds no pod: it tries the steps, for `sabot check`.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "check.h"
#include "keeper.h"
#include "stage0_abi.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/raised_ids.h"

namespace {

using namespace sabot;

// Signals that are meant for the ranks reach us too where Slurm signals a whole cgroup: a rank that handles
// SIGTERM to write a checkpoint must still have its image. SIGKILL ends us with the step.
void ignore_signals() {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGTSTP,
                           SIGTTIN, SIGTTOU, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR})
    ::signal(number, SIG_IGN);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) ::signal(number, SIG_IGN);
}

int keep(Admissions& ranks) {
  unsigned expected = 1;
  try {
    const PodManifest pod = decode_manifest(read_all(kStage1ManifestFd, kManifestBytes));
    check(::dup2(STDOUT_FILENO, kStage1ManifestFd), "dup2");  // /dev/null: hold no pipe, leave no number free
    expected = pod.local_ranks;
    const bool profiled = ::fcntl(kStage1ProfileFd, F_SETFD, FD_CLOEXEC) == 0;
    keep_pod(pod, UniqueFd{kStage1ImageFd}, UniqueFd{profiled ? kStage1ProfileFd : -1}, ranks);
    return 0;
  } catch (const std::exception& e) {
    ranks.refuse_all(expected, e.what());
  }
  return kExitRuntime;
}

}  // namespace

int main(int argc, char** argv) {
  if (has_raised_ids()) {
    std::fprintf(stderr, "sabot-stage1: %s\n", kRaisedIds);
    return kExitRuntime;
  }
  if (argc == 2 && std::strcmp(argv[1], "--check") == 0) return check_node();
  if (::fcntl(kDoorFd, F_SETFD, FD_CLOEXEC) == -1) {
    std::fprintf(stderr, "sabot-stage1: internal program of Sabot, started by `sabot prepare`\n");
    return kExitUsage;
  }
  ignore_signals();
  ::prctl(PR_SET_NAME, "sabot-keeper");
  if (::chdir("/") == -1) return kExitRuntime;  // keep no directory of the user's busy
  Admissions ranks{UniqueFd{kDoorFd}};
  if (argc == 4 && std::strcmp(argv[1], "--refuse") == 0) {
    ranks.refuse_all(static_cast<unsigned>(std::atoi(argv[2])), argv[3]);
    return 0;
  }
  ::fcntl(kStage1ImageFd, F_SETFD, FD_CLOEXEC);
  return keep(ranks);
}
