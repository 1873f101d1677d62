// SPDX-License-Identifier: Apache-2.0
// programs.h: where the other programs of this installation are, seen from this one.
#pragma once

#include <string>
#include <vector>

namespace sabot {

/// Absolute path of this program, sabot.
std::string own_program();

/// Absolute path of a libexec program (sabot-stage1), relative to where this program was started
/// from, so that any prefix works. Throws Error where /proc is not there.
std::string libexec_program(const std::string& name);

/// `words` as execv(3) wants them, with the null pointer at the end. Borrowed: valid as long as `words` is
/// unchanged.
std::vector<char*> argv_of(const std::vector<std::string>& words);

}  // namespace sabot
