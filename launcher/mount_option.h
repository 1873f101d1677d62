// SPDX-License-Identifier: Apache-2.0
// mount_option.h: the grammar of --container-mounts: SRC[:DST[:FLAGS]],... with FLAGS joined by `+`.
#pragma once

#include <string>
#include <vector>

#include "manifest.h"

namespace sabot {

/// The mounts that `text` asks for. A source that begins with `.` is taken from `directory`; the source
/// `tmpfs` makes an empty one at DST. Without DST the target is the source. Exact repetitions are dropped.
/// `why`   who asks, for messages
/// Throws  UsageError naming the word that is wrong and what would be right
/// Source  the grammar of Pyxis' option of the same name, for job scripts that move over
std::vector<Mount> parse_mounts(const std::string& text, const std::string& directory,
                                const std::string& why);

/// The inverse, with absolute sources: what the nodes are given.
std::string format_mounts(const std::vector<Mount>& mounts);

/// An absolute path without `.`, `..` or doubled slashes, by its letters alone (no symlink is looked at).
std::string normal_path(const std::string& path, const std::string& directory);

}  // namespace sabot
