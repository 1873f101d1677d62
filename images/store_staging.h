// SPDX-License-Identifier: Apache-2.0
// store_staging.h: files of a store while they are written, and what killed writers left of them.
// A staged file's name says which process writes it; no lock is needed, and none is believed.
#pragma once

#include <cstdint>
#include <string>

#include "sys/unique_fd.h"

namespace sabot::images {

/// A file in staging/ that this process is writing. Whoever stages it renames or unlinks it.
struct Staged {
  std::string name;
  UniqueFd fd;
};
Staged stage(int staging);

/// What the file system takes for now, by a file that is just written: clocks of hosts differ.
std::int64_t file_system_now(const Staged& staged);
std::int64_t file_system_now(int staging);

/// Remove what writers that are no more left in staging/. Of writers on other hosts nothing is known: theirs
/// go when nothing was written into them for a day before `now_s`.
void reclaim_staging(int staging, std::int64_t now_s);

/// Put `bytes` at `folder`/`name` below `root` in one step: written, synced, renamed, the folder synced.
void replace_file(int root, const std::string& folder, const std::string& name, const std::string& bytes);

}  // namespace sabot::images
