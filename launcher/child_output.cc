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
#include <chrono>

#include "programs.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sabot {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  UniqueFd from;
  UniqueFd to;
};

Pipe make_pipe() {
  std::array<int, 2> pair{};
  check(::pipe2(pair.data(), O_CLOEXEC), "pipe");
  return {UniqueFd{pair[0]}, UniqueFd{pair[1]}};
}

// As much as a pipe takes without a reader.
Pipe filled_pipe(const std::string& input) {
  Pipe pipe = make_pipe();
  write_all(pipe.to.get(), input.substr(0, 4096));
  pipe.to.reset();
  return pipe;
}

int left_ms(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}

// `in`: -1 for /dev/null
pid_t spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment, int in,
            int out, int err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (in >= 0)
    posix_spawn_file_actions_adddup2(&actions, in, 0);
  else
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

ChildOutput run_child(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                      const std::string& input, int timeout_ms) {
  Pipe in = input.empty() ? Pipe{} : filled_pipe(input);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  const pid_t child = spawn(argv, environment, in.from.get(), out.to.get(), err.to.get());
  in.from.reset();
  out.to.reset();
  err.to.reset();
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  bool late = false;
  ChildOutput result;
  pollfd events[] = {{out.from.get(), POLLIN, 0}, {err.from.get(), POLLIN, 0}};
  while (events[0].fd >= 0 || events[1].fd >= 0) {  // a negative one is skipped by poll
    const int ready = ::poll(events, 2, timeout_ms < 0 ? -1 : left_ms(deadline));
    if (ready == -1) continue;
    late = ready == 0 && timeout_ms >= 0;
    if (late) ::kill(child, SIGKILL);
    if (late) break;  // what it started may hold the pipes open still
    if (events[0].revents != 0 && !take(events[0].fd, result.output)) events[0].fd = -1;
    if (events[1].revents != 0 && !take(events[1].fd, result.errors)) events[1].fd = -1;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  if (late) throw Error(ETIMEDOUT, argv[0]);
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
