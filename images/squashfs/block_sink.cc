// SPDX-License-Identifier: Apache-2.0
// block_sink.cc: see block_sink.h.
#include "images/squashfs/block_sink.h"

#include <sqfs/block.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace sabot::images {
namespace {

constexpr std::size_t kCompareBytes = std::size_t{64} << 10;

std::uint64_t mix(std::uint64_t key, std::uint64_t word) {  // FNV-1a's shape over whole words
  key ^= word;
  key *= 0x9e3779b97f4a7c15u;
  return key ^ (key >> 29);
}

int write_block(sqfs_block_writer_t* base, void*, sqfs_u32 size, sqfs_u32 checksum, sqfs_u32 flags,
                const sqfs_u8* data, sqfs_u64* location) noexcept {
  try {
    return static_cast<BlockSink*>(base)->put(size, checksum, flags, data, location);
  } catch (const std::bad_alloc&) {
    return SQFS_ERROR_ALLOC;
  }
}

sqfs_u64 block_count(const sqfs_block_writer_t* base) noexcept {
  return static_cast<const BlockSink*>(base)->blocks();
}

}  // namespace

BlockSink::BlockSink(FdFile& out) : sqfs_block_writer_t{}, out_(out), scratch_(2 * kCompareBytes) {
  write_data_block = write_block;
  get_block_count = block_count;
}

int BlockSink::put(sqfs_u32 size, sqfs_u32 checksum, sqfs_u32 flags, const sqfs_u8* data,
                   sqfs_u64* location) {
  *location = out_.size;
  if (flags & SQFS_BLK_FIRST_BLOCK) {
    current_ = {out_.size, 0, 0};
    current_blocks_ = 0;
  }
  if (size != 0 && !(flags & SQFS_BLK_IS_SPARSE)) {
    const int rc = out_.write_at(&out_, out_.size, data, size);
    if (rc != 0) return rc;
    ++blocks_;
    ++current_blocks_;
    current_.bytes += size;
    const std::uint64_t packed = (flags & SQFS_BLK_IS_COMPRESSED) != 0 ? 1u : 0u;
    current_.key = mix(mix(current_.key, checksum), (std::uint64_t{size} << 1) | packed);
  }
  return (flags & SQFS_BLK_LAST_BLOCK) != 0 ? finish_file(location) : 0;
}

/// All blocks of a file are written: keep them, or, where an earlier file has the same, step back.
int BlockSink::finish_file(sqfs_u64* location) {
  *location = current_blocks_ > 0 ? current_.offset : 0;
  if (current_blocks_ == 0) return 0;
  const auto [begin, end] = kept_.equal_range(current_.key);
  for (auto it = begin; it != end; ++it) {
    const Kept& kept = it->second;
    bool same = false;
    if (kept.bytes != current_.bytes) continue;
    const int rc = same_bytes(kept.offset, current_.offset, kept.bytes, &same);
    if (rc != 0) return rc;
    if (!same) continue;
    *location = kept.offset;
    out_.size = current_.offset;  // the next block overwrites it; the writer cuts the file at its end
    blocks_ -= current_blocks_;
    return 0;
  }
  kept_.emplace(current_.key, current_);
  return 0;
}

int BlockSink::same_bytes(std::uint64_t a, std::uint64_t b, std::uint64_t bytes, bool* same) {
  for (std::uint64_t at = 0; at < bytes;) {
    const std::size_t piece = static_cast<std::size_t>(std::min<std::uint64_t>(bytes - at, kCompareBytes));
    int rc = out_.read_at(&out_, a + at, scratch_.data(), piece);
    if (rc == 0) rc = out_.read_at(&out_, b + at, scratch_.data() + kCompareBytes, piece);
    if (rc != 0) return rc;
    if (std::memcmp(scratch_.data(), scratch_.data() + kCompareBytes, piece) != 0) return 0;
    at += piece;
  }
  *same = true;
  return 0;
}

}  // namespace sabot::images
