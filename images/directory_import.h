// SPDX-License-Identifier: Apache-2.0
// directory_import.h: a root file system in a directory as one layer.
// It is walked by descriptor, no symlink followed: whoever changes it meanwhile cannot lead us elsewhere.
#pragma once

#include <cstdint>
#include <vector>

#include "images/layer.h"
#include "images/progress.h"

namespace sabot::images {

/// Read everything below `root_fd` (borrowed) that is on the same file system.
/// `out_fd`  a file that is left out when it is met: the image being written
/// Throws    Error for what cannot be read; Refused for a file that changes while it is read, or too deep a
/// tree
std::vector<LayerEntry> read_directory(int root_fd, int out_fd, std::uint64_t max_bytes, Collected& collected,
                                       SquashfsWriter& writer, Progress* progress);

}  // namespace sabot::images
