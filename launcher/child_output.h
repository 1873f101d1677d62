// SPDX-License-Identifier: Apache-2.0
// child_output.h: run a program to its end and keep what it said.
// Not here: becoming a program (run.cc, prepare.cc).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sabot {

struct ChildOutput {
  int status = -1;     ///< exit status, or 128 and the signal's number
  std::string output;  ///< standard output
  std::string errors;  ///< standard error
};

inline constexpr std::size_t kChildOutputBytes = 1 << 20;  ///< of each; what is beyond it is not kept

/// Run `argv` with `environment`; a name without a slash is searched for in PATH.
/// `input`       its standard input, at most 4096 bytes; /dev/null where it is empty
/// `timeout_ms`  then it is killed; -1: none
/// Throws        Error where it cannot be started; ETIMEDOUT
ChildOutput run_child(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                      const std::string& input = "", int timeout_ms = -1);

/// This process's environment without the names that begin with one of `prefixes`.
std::vector<std::string> environment_without(const std::vector<std::string>& prefixes);

}  // namespace sabot
