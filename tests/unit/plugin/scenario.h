// SPDX-License-Identifier: Apache-2.0
// scenario.h: lives of the plugin, each in a child of the test, as it has static state and ends its process.
#pragma once

#include <functional>
#include <string>

#include "fake_spank.h"

namespace sabot::test {

inline constexpr int kReturned = 0;  // the exit code of a body that came to its end: a rank would run now

/// What a child came to.
struct Outcome {
  int code = -1;  // exit code; -1 if a signal ended it
  int signal = 0;
  std::string out;  // its standard output
  std::string err;  // its standard error
  double seconds = 0;
};

/// Run `body` in a child. It says what it saw with say(); a complaint makes the exit code 99.
Outcome live(const std::function<void()>& body);
/// In the body: a line on standard output.
void say(const std::string& line);
/// In the body: it is not as expected; ends the child.
[[noreturn]] void complain(const std::string& what);
inline void expect(bool condition, const std::string& what) {
  if (!condition) complain(what);
}

/// In the body: the plugin's callbacks with the arguments of plugstack.conf.
class Plugin {
 public:
  explicit Plugin(std::vector<std::string> arguments = {}) : arguments_(std::move(arguments)) {}
  int init() { return call(slurm_spank_init); }
  int init_post_opt() { return call(slurm_spank_init_post_opt); }
  int task_post_fork() { return call(slurm_spank_task_post_fork); }
  int task_exit() { return call(slurm_spank_task_exit); }
  int task_init() { return call(slurm_spank_task_init); }
  /// As Slurm hands an option over; its callback's answer.
  int option(Option which, const char* value, int remote = 1) const;

 private:
  int call(spank_f* callback);
  std::vector<std::string> arguments_;
};

/// An installation whose `sabot` is fake_sabot, which does what the name of its configuration file says.
class Installation {
 public:
  Installation();
  ~Installation();
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;
  /// Arguments for plugstack.conf: this installation, and how its sabot behaves.
  std::vector<std::string> arguments(const std::string& behaviour, int timeout_s = 20) const;
  std::string program() const;  // as the plugin calls it
  std::string root() const { return root_; }

 private:
  std::string root_;
};

/// In the body: a step of slurmstepd up to the fork of a rank: init, options, post_opt.
void begin_step(Plugin& plugin);
/// The one line that a refused rank says, checked to be one; without its beginning and its newline.
std::string refusal(const Outcome& outcome);

}  // namespace sabot::test
