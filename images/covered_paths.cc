// SPDX-License-Identifier: Apache-2.0
// covered_paths.cc: see covered_paths.h.
#include "images/covered_paths.h"

#include "images/entry_name.h"

namespace sabot::images {

void CoveredPaths::add(std::span<const LayerEntry> layer) {
  for (const LayerEntry& entry : layer) {
    Cover& cover = covers_[entry.path];
    const bool directory = entry.kind == LayerEntry::Kind::inode && entry.inode->type == FileType::directory;
    if (entry.kind != LayerEntry::Kind::opaque) cover.itself = true;
    if (!directory) cover.below = true;
  }
}

bool CoveredPaths::hides(std::string_view path) const {
  if (covers_.empty()) return false;
  const auto exact = covers_.find(std::string(path));
  if (exact != covers_.end() && exact->second.itself) return true;
  while (!path.empty()) {
    path = split_name(path).first;
    const auto above = covers_.find(std::string(path));
    if (above != covers_.end() && above->second.below) return true;
  }
  return false;
}

}  // namespace sabot::images
