// SPDX-License-Identifier: Apache-2.0
// squashfs_xattr.h: extended attributes of a squashfs, by the index that an inode records.
// Not here: inodes (squashfs_inode.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs/squashfs_blocks.h"

namespace sabot {

class SquashfsXattrs {
 public:
  /// Throws Refused when the image names a table that it does not hold.
  explicit SquashfsXattrs(SquashfsBlocks& blocks);
  bool any() const { return table_.records() > 0; }
  std::vector<std::string> list(std::uint32_t index) const;
  std::optional<std::string> find(std::uint32_t index, std::string_view name) const;

 private:
  /// Called with a name, and a cursor at the value's size; true ends the walk.
  using Visit = std::function<bool(const std::string& name, MetadataCursor value)>;
  void walk(std::uint32_t index, const Visit& visit) const;
  std::string value_at(MetadataCursor value) const;

  SquashfsBlocks* blocks_;
  std::uint64_t values_ = 0;  // where the metadata of names and values starts
  MetadataTable table_;
};

}  // namespace sabot
