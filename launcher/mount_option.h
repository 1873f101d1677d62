// SPDX-License-Identifier: Apache-2.0
// mount_option.h: the grammar of --container-mounts: SRC[:DST[:FLAGS]],...
// Not here: FLAGS (mount_flags.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "manifest.h"

namespace sabot {

/// The mounts that `text` asks for. A source that begins with `.` is taken from `directory`; the source
/// `tmpfs` makes an empty one at DST, `umount` takes away what an earlier mount put there. Without DST the
/// target is the source. A backslash stands before a comma, colon, blank or backslash of a path. Exact
/// repetitions are dropped.
/// `why`   who asks, for messages
/// Throws  UsageError naming the word that is wrong and what would be right
/// Source  the grammar of Pyxis' option of the same name, for job scripts that move over
std::vector<Mount> parse_mounts(const std::string& text, const std::string& directory,
                                const std::string& why);

/// The inverse, with absolute sources: what the nodes are given.
std::string format_mounts(const std::vector<Mount>& mounts);

/// An absolute path without `.`, `..` or doubled slashes, by its letters alone (no symlink is looked at).
std::string normal_path(const std::string& path, const std::string& directory);

/// Bytes below a blank, or DEL: what no path of a request may have, since lines and terminals carry it.
bool has_control_characters(std::string_view text);

}  // namespace sabot
