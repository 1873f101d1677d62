// SPDX-License-Identifier: Apache-2.0
// image_command_line.h: the part of the command line that is about images: `sabot fetch`, `sabot image`.
#pragma once

#include <functional>

#include "commands.h"

namespace CLI {
class App;
}

namespace sabot {

/// Add the commands to `app`. The one that is parsed sets `action`; both outlive the parsing.
void add_image_commands(CLI::App& app, const GlobalOptions& global, std::function<int()>& action);

}  // namespace sabot
