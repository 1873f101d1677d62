// SPDX-License-Identifier: Apache-2.0
// image_tool.h: the part of sabot-import that reads images of the store again: verify, export, extract.
// Not here: importing (import_main.cc), who starts it (image_tools.cc).
#pragma once

#include <string>
#include <vector>

namespace sabot {

/// True where the first word of the command line is one of ours.
bool is_image_tool(const std::vector<std::string>& words);

/// Do it and print its answer. Returns an exit code; throws what `sabot` prints as an error.
int run_image_tool(const std::vector<std::string>& words);

}  // namespace sabot
