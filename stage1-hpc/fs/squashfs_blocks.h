// SPDX-License-Identifier: Apache-2.0
// squashfs_blocks.h: the superblock, and metadata read through a cursor that checks every step.
// Not here: reading and decompressing (block_source.h), inodes (squashfs_inode.h).
// Source: the kernel's Documentation/filesystems/squashfs.rst.
#pragma once

#include <endian.h>

#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "fs/block_source.h"
#include "fs/shared_cache.h"
#include "fs/start_blocks.h"

namespace sabot {

struct Superblock {
  std::uint32_t inodes = 0;
  std::uint32_t block_bytes = 0;
  std::uint32_t fragments = 0;
  std::uint16_t ids = 0;
  std::uint64_t root_inode = 0;
  std::uint64_t bytes_used = 0;
  std::uint64_t id_table = 0;
  std::uint64_t xattr_table = 0;
  std::uint64_t inode_table = 0;
  std::uint64_t directory_table = 0;
  std::uint64_t fragment_table = 0;
};
inline constexpr std::uint64_t kNoTable = ~std::uint64_t{0};
inline constexpr std::uint64_t kSuperblockBytes = 96;
inline constexpr std::size_t kMetadataBytes = 8192;

/// Throws Refused when the numbers do not fit together, or the image is shorter than it says.
Superblock read_superblock(const BlockSource& source);

/// Blocks of the image, kept for a while. For several threads.
class SquashfsBlocks {
 public:
  explicit SquashfsBlocks(std::unique_ptr<BlockSource> source);
  const Superblock& super() const { return super_; }
  void read_raw(std::uint64_t position, std::span<char> into) const { source_->read_raw(position, into); }
  std::shared_ptr<const Block> metadata(std::uint64_t position);
  std::shared_ptr<const Block> data(const StoredBlock& stored);
  /// The whole of a data block, straight into `into`, where nobody else is likely to want it: it is not kept.
  /// Throws Error{EIO} where its size is another.
  void data_into(const StoredBlock& stored, std::span<char> into);

  StartBlocks& start_blocks() { return start_; }
  /// Make these blocks ready in start_blocks(). Never throws: what cannot be read is left to who asks for it.
  void read_ahead(std::span<const StoredBlock> wanted) noexcept;

 private:
  /// A piece of the image as stored, for metadata: its blocks are small, and lie beside each other.
  struct Window {
    std::vector<char> bytes;
    std::size_t cost_bytes() const { return bytes.size(); }
  };
  void read_through_window(std::uint64_t position, std::span<char> into);
  Block make_data(const StoredBlock& stored) const;
  void read_run(std::span<const StoredBlock> run);

  std::unique_ptr<BlockSource> source_;
  Superblock super_;
  StartBlocks start_;
  SharedCache<Window> windows_;
  SharedCache<Block> metadata_;
  SharedCache<Block> data_;
};

/// A place in metadata. Reading past the end of its table, or at an offset that its block does not have,
/// throws Error{EIO}. A copy is a bookmark.
class MetadataCursor {
 public:
  MetadataCursor() = default;
  /// `block` and `end` are positions in the image; `offset` counts within the decompressed block.
  MetadataCursor(SquashfsBlocks& blocks, std::uint64_t block, std::size_t offset, std::uint64_t end)
      : blocks_(&blocks), block_(block), offset_(offset), end_(end) {}
  /// `reference` as stored in inodes and tables: block relative to `table` << 16 | offset.
  static MetadataCursor at(SquashfsBlocks& blocks, std::uint64_t table, std::uint64_t reference,
                           std::uint64_t end);

  void read(std::span<char> into) { advance(into.size(), into.data()); }
  void skip(std::uint64_t bytes) { advance(bytes, nullptr); }
  std::uint16_t u16() { return le16toh(raw<std::uint16_t>()); }
  std::uint32_t u32() { return le32toh(raw<std::uint32_t>()); }
  std::uint64_t u64() { return le64toh(raw<std::uint64_t>()); }
  void let_go() { held_.reset(); }  // of the block: before a bookmark is kept

 private:
  template <class Int>
  Int raw() {
    char bytes[sizeof(Int)];
    read(bytes);
    Int value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  void advance(std::uint64_t bytes, char* into);
  void hold_block();

  SquashfsBlocks* blocks_ = nullptr;
  std::uint64_t block_ = 0;
  std::size_t offset_ = 0;
  std::uint64_t end_ = 0;
  std::shared_ptr<const Block> held_;
};

/// A table of fixed-size records in metadata blocks, found through a list of their positions.
class MetadataTable {
 public:
  MetadataTable() = default;
  /// Throws Refused when the list is not inside the image.
  MetadataTable(SquashfsBlocks& blocks, std::uint64_t list, std::uint64_t records, std::size_t record_bytes);
  std::uint64_t records() const { return records_; }
  /// A cursor at a record. Throws Error{EIO} when there is no such record.
  MetadataCursor at(std::uint64_t record) const;

 private:
  SquashfsBlocks* blocks_ = nullptr;
  std::uint64_t records_ = 0;
  std::size_t record_bytes_ = 1;
  std::vector<std::uint64_t> positions_;
};

}  // namespace sabot
