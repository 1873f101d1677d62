// SPDX-License-Identifier: Apache-2.0
// files.h: opening, reading and writing files through descriptors, so that no path is believed twice.
// Not here: mounting (mounts.h), sockets (channel.h).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "sys/unique_fd.h"

namespace sabot {

/// Open `path` below the directory `root`, as if `root` were `/`: an absolute path, `..` or a symlink cannot
/// lead out of it. Throws Error; ENOENT where it does not exist. Source: openat2(2), RESOLVE_IN_ROOT.
UniqueFd open_in_root(int root, const std::string& path, int flags);

bool is_directory(int fd);

/// The whole of `fd` from its current position. Throws Refused when it has more than `limit_bytes`.
std::string read_all(int fd, std::size_t limit_bytes);

/// The file `path` below `dir_fd` (AT_FDCWD for the working directory), at most `limit_bytes`.
std::string read_file(int dir_fd, const std::string& path, std::size_t limit_bytes);

/// Write all of `bytes`; restarts after signals and short writes. Throws Error.
void write_all(int fd, std::string_view bytes);

/// `text` with control characters, and bytes that are not printable ASCII, as \xNN: for messages that quote
/// names from outside.
std::string printable(std::string_view text);

}  // namespace sabot
