// SPDX-License-Identifier: Apache-2.0
// scenario.cc: see scenario.h.
#include "scenario.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>

namespace sabot::test {
namespace {

// Both pipes until both end.
void collect(int out, int err, Outcome* outcome) {
  pollfd ends[] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  std::string* texts[] = {&outcome->out, &outcome->err};
  for (int open = 2; open > 0;) {
    if (poll(ends, 2, -1) == -1) continue;
    for (int i = 0; i < 2; ++i) {
      if (ends[i].revents == 0) continue;
      char block[4096];
      const ssize_t got = read(ends[i].fd, block, sizeof block);
      if (got > 0) {
        texts[i]->append(block, static_cast<size_t>(got));
      } else {
        ends[i].fd = -1;
        --open;
      }
    }
  }
}

[[noreturn]] void run_body(const std::function<void()>& body, int out, int err) {
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  syscall(SYS_close_range, 3U, ~0U, 0U);  // the same few descriptors in every child
  body();
  _exit(kReturned);
}

}  // namespace

Outcome live(const std::function<void()>& body) {
  int out[2];
  int err[2];
  REQUIRE(pipe(out) == 0);
  REQUIRE(pipe(err) == 0);
  std::cout.flush();
  fflush(nullptr);  // or a child that calls exit() says it again
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) run_body(body, out[1], err[1]);
  close(out[1]);
  close(err[1]);
  Outcome outcome;
  collect(out[0], err[0], &outcome);
  close(out[0]);
  close(err[0]);
  int status = 0;
  while (waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  outcome.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return outcome;
}

void say(const std::string& line) {
  const std::string text = line + "\n";
  if (write(STDOUT_FILENO, text.data(), text.size()) == -1) _exit(98);
}

void complain(const std::string& what) {
  say(what);
  _exit(99);
}

int Plugin::call(spank_f* callback) {
  std::vector<char*> argv;
  for (std::string& argument : arguments_) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return callback(nullptr, static_cast<int>(arguments_.size()), argv.data());
}

int Plugin::option(Option which, const char* value, int remote) const {
  for (const spank_option& option : host().options)
    if (option.val == static_cast<int>(which)) return option.cb(option.val, value, remote);
  complain("the option is not registered");
}

Installation::Installation() {
  std::string name = (std::filesystem::temp_directory_path() / "sabot-plugin-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  root_ = std::filesystem::canonical(name).string();
  std::filesystem::permissions(root_, std::filesystem::perms(0755));
  std::filesystem::create_directories(root_ + "/libexec/sabot");
  const std::filesystem::path sabot = std::filesystem::path(program()).lexically_normal();
  std::filesystem::create_directories(sabot.parent_path());
  std::filesystem::create_symlink(SABOT_FAKE_SABOT, sabot);
}

Installation::~Installation() {
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

std::string Installation::program() const { return root_ + "/libexec/sabot/" SABOT_STAGE0_FROM_LIBEXEC; }

std::vector<std::string> Installation::arguments(const std::string& behaviour, int timeout_s) const {
  return {"libexec=" + root_ + "/libexec/sabot", "config=/" + behaviour,
          "timeout=" + std::to_string(timeout_s)};
}

void begin_step(Plugin& plugin) {
  expect(plugin.init() == 0, "init failed");
  expect(plugin.init_post_opt() == 0, "init_post_opt failed");
}

std::string refusal(const Outcome& outcome) {
  CHECK(outcome.code == 125);
  CHECK(outcome.out.empty());
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  CHECK(std::none_of(outcome.err.begin(), outcome.err.end() - (outcome.err.empty() ? 0 : 1),
                     [](unsigned char c) { return c < 0x20 || c == 0x7f; }));
  const size_t at = outcome.err.find(": ", strlen("sabot: error: "));
  if (outcome.err.rfind("sabot: error: rank 5 on ", 0) != 0 || at == outcome.err.npos)
    return "no refusal: " + outcome.err;
  return outcome.err.substr(at + 2, outcome.err.size() - at - 3);
}

}  // namespace sabot::test
