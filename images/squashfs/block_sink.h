// SPDX-License-Identifier: Apache-2.0
// block_sink.h: where libsquashfs's block processor puts finished blocks: behind each other in the file, and
// a file whose blocks are already there is not kept twice. Why not the library's own: it looks for duplicates
// by walking all blocks for each file, which is quadratic.
#pragma once

#include <sqfs/block_writer.h>

#include <unordered_map>
#include <vector>

#include "images/squashfs/handles.h"

namespace sabot::images {

struct BlockSink : sqfs_block_writer_t {
  explicit BlockSink(FdFile& out);

  int put(sqfs_u32 size, sqfs_u32 checksum, sqfs_u32 flags, const sqfs_u8* data, sqfs_u64* location);
  std::uint64_t blocks() const { return blocks_; }

 private:
  struct Kept {
    std::uint64_t offset;
    std::uint64_t bytes;
    std::uint64_t key;  // of block sizes and checksums, in order
  };
  int finish_file(sqfs_u64* location);
  int same_bytes(std::uint64_t a, std::uint64_t b, std::uint64_t bytes, bool* same);

  FdFile& out_;
  std::uint64_t blocks_ = 0;
  Kept current_{};
  std::uint64_t current_blocks_ = 0;
  std::unordered_multimap<std::uint64_t, Kept> kept_;
  std::vector<unsigned char> scratch_;
};

}  // namespace sabot::images
