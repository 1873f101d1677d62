// SPDX-License-Identifier: Apache-2.0
// shell_words.h: plain assignments out of a line of shell, read as data. Whatever is more than that
// (commands, substitutions, conditions) makes the line count for nothing.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace sabot::images {

using ShellVariables = std::map<std::string, std::string>;

/// `[export] NAME=WORD...` into `variables`; later lines replace earlier ones. WORD is made of plain
/// characters,
/// '...', "..." and \C; in it $NAME and ${NAME} stand for what is in `variables`, ${NAME:-WORD} for that or
/// for WORD. A line with anything else, or with an unknown $NAME, changes nothing. `PATH` is known: the usual
/// one.
void read_assignments(std::string_view line, ShellVariables& variables);

}  // namespace sabot::images
