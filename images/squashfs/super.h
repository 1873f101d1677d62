// SPDX-License-Identifier: Apache-2.0
// super.h: a squashfs superblock that was checked: what every reader of a foreign image begins with.
#pragma once

#include <sqfs/super.h>

#include "images/squashfs/handles.h"

namespace sabot::images {

/// Size of a regular file; throws Refused for anything else.
std::uint64_t regular_file_size(int fd);

/// The squashfs in `fd`, which may lie anywhere in its file (squashfs_place).
FdFile open_squashfs(int fd);

/// In host order. Throws Refused where it lies about the file, or is of another version.
sqfs_super_t checked_super(FdFile& file);

}  // namespace sabot::images
