// SPDX-License-Identifier: Apache-2.0
// block_source.h: where the stored blocks of an image come from: the seam below the squashfs reader.
// Not here: what the blocks mean (squashfs_reader.h), keeping them (squashfs_blocks.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "sys/unique_fd.h"

namespace sabot {

struct StoredBlock {
  std::uint64_t position = 0;  // bytes from the start of the image
  std::uint32_t stored_bytes = 0;
  bool compressed = false;

  bool operator==(const StoredBlock&) const = default;
};

/// For several threads at once; keeps no state between calls.
class BlockSource {
 public:
  BlockSource() = default;
  BlockSource(const BlockSource&) = delete;
  BlockSource& operator=(const BlockSource&) = delete;
  virtual ~BlockSource() = default;

  virtual std::uint64_t size_bytes() const = 0;
  /// Bytes as stored. Throws Error{EIO} where the image ends before.
  virtual void read_raw(std::uint64_t position, std::span<char> into) const = 0;
  /// A block, decompressed; returns its size. Throws Error{EIO} when it is damaged or larger than `into`.
  virtual std::size_t read_block(const StoredBlock& block, std::span<char> into) const = 0;
  /// A block whose stored bytes are at hand; else as read_block().
  virtual std::size_t unpack(bool compressed, std::span<const char> stored, std::span<char> into) const = 0;
};

/// Where in a file an image lies.
struct ImagePlace {
  std::uint64_t offset = 0;  // bytes; need not be aligned
  std::uint64_t bytes = 0;   // how far it may reach; 0: to the end of the file
};

/// The image at `place` of `file`. Blocks are decompressed as the superblock there says.
/// Throws Refused when the place is outside of the file, when there is no squashfs 4.0, or one in a
/// compression that is not built in.
std::unique_ptr<BlockSource> open_block_source(UniqueFd file, ImagePlace place);

}  // namespace sabot
