// SPDX-License-Identifier: Apache-2.0
// store_folders.h: the store's directories and whose they are, what is in them, the lock.
// Not here: images (store.cc), names (store_names.h), files being written (store_staging.h).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sys/unique_fd.h"

namespace sabot::images {

/// Throws Refused where others than the caller, root and `trusted` can change what is in `fd`. `what` names
/// it.
void refuse_foreign(int fd, const std::string& what, uid_t trusted = 0);

/// The folder `path` (components joined by `/`) below the store, each component checked by refuse_foreign:
/// the owner of what is above it may own it too. With `make` missing ones are made. Throws Error ENOENT
/// otherwise.
UniqueFd open_folder(int root, const std::string& path, bool make);

/// Everything in `fd` but `.` and `..`, sorted.
std::vector<std::string> list_folder(int fd);

/// Held while names or images come or go; released when it is closed. On a file system without locks it is
/// only a file: images are then safe all the same, see store_leases.h.
UniqueFd lock_store(int root);

}  // namespace sabot::images
