// SPDX-License-Identifier: Apache-2.0
// squashfs_inode.h: the records of a squashfs, decoded: inodes, directory listings, lists of data blocks.
// Not here: caching and answering (squashfs_reader.cc).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs/image_reader.h"
#include "fs/squashfs_blocks.h"

namespace sabot {

inline constexpr std::uint32_t kNoFragment = 0xffffffff;
inline constexpr std::uint32_t kNoXattr = 0xffffffff;

struct Inode {
  NodeAttr attr;  // uid and gid are indices into the id table
  std::uint32_t xattr = kNoXattr;
  MetadataCursor rest;  // of a file: at its list of block sizes; of a symlink: at its target
  // of a file
  std::uint64_t data_start = 0;
  std::uint32_t fragment = kNoFragment;
  std::uint32_t fragment_offset = 0;
  // of a directory
  std::uint32_t listing_block = 0;
  std::uint16_t listing_offset = 0;
};

/// Throws Error{EIO} when there is no inode at `id`, or its type is none of the fourteen.
Inode read_inode(SquashfsBlocks& blocks, NodeId id);

/// A listing, sorted by name, no name twice.
class Directory {
 public:
  struct Entry {
    std::uint32_t name_at = 0;
    std::uint16_t name_bytes = 0;
    std::uint16_t type = 0;  // as in a basic inode
    NodeId id = 0;
  };
  /// Throws Error{EIO} for a name that no directory may hold, or a listing of more than 128 MiB.
  Directory(SquashfsBlocks& blocks, const Inode& inode);
  std::size_t size() const { return entries_.size(); }
  DirEntry entry(std::size_t index) const;  // next_cookie: index + 1
  std::optional<NodeId> find(std::string_view name) const;
  std::size_t cost_bytes() const { return names_.capacity() + entries_.capacity() * sizeof(Entry); }

 private:
  std::string_view name(const Entry& entry) const {
    return std::string_view(names_).substr(entry.name_at, entry.name_bytes);
  }
  void read_run(MetadataCursor& cursor, std::uint64_t& left_bytes);
  void sort();

  std::string names_;
  std::vector<Entry> entries_;
};

/// Where the data blocks of a file begin: bookmarks into its list of block sizes, one in kStride.
class BlockList {
 public:
  static constexpr std::uint64_t kStride = 2048;
  struct Place {
    MetadataCursor sizes;        // the next u32 is the stored size of the block
    std::uint64_t position = 0;  // of the block
  };
  BlockList(const Inode& inode, std::uint64_t blocks);
  Place find(std::uint64_t block) const;
  std::size_t cost_bytes() const { return places_.capacity() * sizeof(Place); }

 private:
  std::vector<Place> places_;
};

/// Move `place` on by `blocks` entries.
void skip_blocks(BlockList::Place& place, std::uint64_t blocks);

/// A block size as listed; stored_bytes 0 is a hole. Throws Error{EIO} for bits that mean nothing.
StoredBlock stored_block(std::uint64_t position, std::uint32_t listed);

}  // namespace sabot
