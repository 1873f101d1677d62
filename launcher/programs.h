// SPDX-License-Identifier: Apache-2.0
// programs.h: where the other programs of this installation are, seen from this one.
#pragma once

#include <string>

namespace sabot {

/// Absolute path of this program, sabot.
std::string own_program();

/// Absolute path of a libexec program (sabot-stage1), relative to where this program was started
/// from, so that any prefix works. Throws Error where /proc is not there.
std::string libexec_program(const std::string& name);

}  // namespace sabot
