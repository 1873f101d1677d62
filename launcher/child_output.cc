// SPDX-License-Identifier: Apache-2.0
// child_output.cc: see child_output.h.
#include "child_output.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "programs.h"
#include "sys/error.h"
#include "sys/unique_fd.h"

namespace sabot {
namespace {

struct Pipe {
  UniqueFd from;
  UniqueFd to;
};

Pipe make_pipe() {
  std::array<int, 2> pair{};
  check(::pipe2(pair.data(), O_CLOEXEC), "pipe");
  return {UniqueFd{pair[0]}, UniqueFd{pair[1]}};
}

pid_t spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment, int out,
            int err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, err, 2);
  sigset_t all;  // of the child's: what we ignore is our own affair
  sigfillset(&all);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int failed = ::posix_spawnp(&child, argv[0].c_str(), &actions, &attributes, argv_of(argv).data(),
                                    argv_of(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) throw Error(failed, "start " + argv[0]);
  return child;
}

// True until its end.
bool take(int fd, std::string& into) {
  char block[4096];
  const ssize_t got = ::read(fd, block, sizeof block);
  if (got == -1 && errno == EINTR) return true;
  if (got <= 0) return false;
  into.append(block, std::min(static_cast<std::size_t>(got), kChildOutputBytes - into.size()));
  return true;
}

}  // namespace

ChildOutput run_child(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  const pid_t child = spawn(argv, environment, out.to.get(), err.to.get());
  out.to.reset();
  err.to.reset();
  ChildOutput result;
  pollfd events[] = {{out.from.get(), POLLIN, 0}, {err.from.get(), POLLIN, 0}};
  while (events[0].fd >= 0 || events[1].fd >= 0) {  // a negative one is skipped by poll
    if (::poll(events, 2, -1) == -1) continue;
    if (events[0].revents != 0 && !take(events[0].fd, result.output)) events[0].fd = -1;
    if (events[1].revents != 0 && !take(events[1].fd, result.errors)) events[1].fd = -1;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::vector<std::string> environment_without(const std::vector<std::string>& prefixes) {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (std::none_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return text.starts_with(prefix); }))
      kept.push_back(text);
  }
  return kept;
}

}  // namespace sabot
