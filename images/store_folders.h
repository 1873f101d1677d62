// SPDX-License-Identifier: Apache-2.0
// store_folders.h: the store's directories and their small files: whose they are, locks, names, staging.
// Not here: images (store.cc).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sys/unique_fd.h"

namespace sabot::images {

/// Throws Refused where others than the caller and root can change what is in `fd`. `what` names it.
void refuse_foreign(int fd, const std::string& what);

/// The folder `path` (components joined by `/`) below the store, each component checked by refuse_foreign.
/// With `make` missing ones are made. Throws Error ENOENT otherwise.
UniqueFd open_folder(int root, const std::string& path, bool make);

/// Everything in `fd` but `.` and `..`, sorted.
std::vector<std::string> list_folder(int fd);

/// Held while names or images come or go; released when it is closed. On a file system without locks it is
/// only a file: the commands then rely on rename(2) alone.
UniqueFd lock_store(int root);

/// A file in staging/ that belongs to this process for as long as it has the descriptor.
struct Staged {
  std::string name;
  UniqueFd fd;
};
Staged stage(int staging);

/// Remove what importers that are no more left in staging/.
void reclaim_staging(int staging);

/// `a/b:c` as a file name, and back; none where it is not one of ours.
std::string encode_name(const std::string& name);
std::optional<std::string> decode_name(const std::string& file);

/// The digest that names/FILE holds; none where there is no such file or it is damaged.
std::optional<std::string> read_name(int names, const std::string& name);
void write_name(int root, const std::string& name, const std::string& digest);

/// digest -> names, sorted.
std::map<std::string, std::vector<std::string>> read_all_names(int root);

}  // namespace sabot::images
