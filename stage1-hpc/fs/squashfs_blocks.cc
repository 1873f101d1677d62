// SPDX-License-Identifier: Apache-2.0
// squashfs_blocks.cc: the superblock's checks, the two block caches, and the steps of a metadata cursor.
// Not here: decompressing (squashfuse_blocks.cc).
#include "fs/squashfs_blocks.h"

#include <algorithm>
#include <bit>
#include <string>

#include "sys/error.h"

namespace sabot {
namespace {

// The kernel keeps what it has read, pages and inodes: these are for blocks that several requests want parts
// of. With the caches of squashfs_reader.cc they keep a keeper below 40 MiB, however large its image is.
constexpr std::size_t kMetadataCacheBytes = std::size_t{6} << 20;
constexpr std::size_t kDataCacheBytes = std::size_t{16} << 20;
constexpr std::size_t kWindowCacheBytes = std::size_t{2} << 20;
constexpr std::uint64_t kWindowBytes = std::uint64_t{128} << 10;
// Reading ahead: blocks that lie no further apart are read at once, and so much at once.
constexpr std::uint64_t kGapBytesMax = std::uint64_t{64} << 10;
constexpr std::uint64_t kRunBytesMax = std::uint64_t{1} << 20;
constexpr std::uint16_t kStoredPlain = 0x8000;  // metadata block header: the rest is its size

std::uint64_t field(const char* super, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, super + at, bytes);
  return le64toh(value);
}

void check_geometry(const Superblock& super, std::uint64_t block_log, std::uint64_t image_bytes) {
  if (!std::has_single_bit(super.block_bytes) || super.block_bytes < 4096 || super.block_bytes > (1U << 20) ||
      block_log != static_cast<std::uint64_t>(std::countr_zero(super.block_bytes)))
    throw Refused("the image is damaged: block size " + std::to_string(super.block_bytes));
  if (super.bytes_used > image_bytes)
    throw Refused("the image is cut short: it says " + std::to_string(super.bytes_used) + " bytes and has " +
                  std::to_string(image_bytes));
  const bool in_order = super.inode_table >= kSuperblockBytes && super.inode_table < super.directory_table &&
                        super.directory_table <= super.bytes_used;
  if (!in_order || super.ids == 0) throw Refused("the image is damaged: its tables are out of order");
}

}  // namespace

Superblock read_superblock(const BlockSource& source) {
  char raw[kSuperblockBytes];
  source.read_raw(0, raw);
  Superblock super;
  super.inodes = static_cast<std::uint32_t>(field(raw, 4, 4));
  super.block_bytes = static_cast<std::uint32_t>(field(raw, 12, 4));
  super.fragments = static_cast<std::uint32_t>(field(raw, 16, 4));
  super.ids = static_cast<std::uint16_t>(field(raw, 26, 2));
  super.root_inode = field(raw, 32, 8);
  super.bytes_used = field(raw, 40, 8);
  super.id_table = field(raw, 48, 8);
  super.xattr_table = field(raw, 56, 8);
  super.inode_table = field(raw, 64, 8);
  super.directory_table = field(raw, 72, 8);
  super.fragment_table = field(raw, 80, 8);
  check_geometry(super, field(raw, 22, 2), source.size_bytes());
  return super;
}

SquashfsBlocks::SquashfsBlocks(std::unique_ptr<BlockSource> source)
    : source_(std::move(source)),
      super_(read_superblock(*source_)),
      windows_(kWindowCacheBytes),
      metadata_(kMetadataCacheBytes),
      data_(kDataCacheBytes) {}

void SquashfsBlocks::read_through_window(std::uint64_t position, std::span<char> into) {
  while (!into.empty()) {
    const std::uint64_t start = position / kWindowBytes * kWindowBytes;
    const std::shared_ptr<const Window> window = windows_.get(start, [&] {
      if (start >= source_->size_bytes()) throw Error(EIO, "read of the image past its end");
      Window made;
      made.bytes.resize(std::min(kWindowBytes, source_->size_bytes() - start));
      source_->read_raw(start, made.bytes);
      return made;
    });
    const std::size_t within = position - start;
    if (within >= window->bytes.size()) throw Error(EIO, "read of the image past its end");
    const std::size_t now = std::min(into.size(), window->bytes.size() - within);
    std::memcpy(into.data(), window->bytes.data() + within, now);
    into = into.subspan(now);
    position += now;
  }
}

std::shared_ptr<const Block> SquashfsBlocks::metadata(std::uint64_t position) {
  return metadata_.get(position, [&] {
    char raw[2];
    read_through_window(position, raw);
    const auto header = static_cast<std::uint16_t>(field(raw, 0, 2));
    const std::uint32_t stored = header & (kStoredPlain - 1U);
    if (stored == 0 || stored > kMetadataBytes) throw Error(EIO, "a metadata block has an impossible size");
    char packed[kMetadataBytes];
    char bytes[kMetadataBytes];
    read_through_window(position + 2, std::span(packed).first(stored));
    Block block;
    block.size = source_->unpack((header & kStoredPlain) == 0, std::span(packed).first(stored), bytes);
    if (block.size == 0) throw Error(EIO, "a metadata block is empty");
    block.bytes = std::make_unique_for_overwrite<char[]>(block.size);
    std::memcpy(block.bytes.get(), bytes, block.size);
    block.next = position + 2 + stored;
    return block;
  });
}

Block SquashfsBlocks::make_data(const StoredBlock& stored) const {
  if (stored.stored_bytes > super_.block_bytes) throw Error(EIO, "a data block has an impossible size");
  Block block;
  block.bytes = std::make_unique_for_overwrite<char[]>(super_.block_bytes);
  block.size = source_->read_block(stored, {block.bytes.get(), super_.block_bytes});
  block.stored = stored;
  return block;
}

std::shared_ptr<const Block> SquashfsBlocks::data(const StoredBlock& stored) {
  std::shared_ptr<const Block> block = data_.get(stored.position, [&] {
    std::optional<Block> ready = start_.take(stored);
    return ready ? std::move(*ready) : make_data(stored);
  });
  // Two lists of a damaged image may disagree on what is at one place.
  return block->stored == stored ? block : std::make_shared<const Block>(make_data(stored));
}

void SquashfsBlocks::data_into(const StoredBlock& stored, std::span<char> into) {
  std::size_t size = 0;
  if (stored.stored_bytes > super_.block_bytes) throw Error(EIO, "a data block has an impossible size");
  if (data_.contains(stored.position)) {
    const std::shared_ptr<const Block> block = data(stored);
    size = block->size;
    std::memcpy(into.data(), block->bytes.get(), std::min(size, into.size()));
  } else if (const std::optional<Block> ready = start_.take(stored)) {
    size = ready->size;
    std::memcpy(into.data(), ready->bytes.get(), std::min(size, into.size()));
  } else {
    size = source_->read_block(stored, into);
  }
  if (size < into.size()) throw Error(EIO, "a data block is too short");
}

void SquashfsBlocks::read_run(std::span<const StoredBlock> run) {
  const std::uint64_t start = run.front().position;
  std::vector<char> raw(run.back().position + run.back().stored_bytes - start);
  source_->read_raw(start, raw);
  for (const StoredBlock& stored : run) {
    Block block;
    block.bytes = std::make_unique_for_overwrite<char[]>(super_.block_bytes);
    block.size = source_->unpack(stored.compressed,
                                 std::span(raw).subspan(stored.position - start, stored.stored_bytes),
                                 {block.bytes.get(), super_.block_bytes});
    block.stored = stored;
    start_.put(std::move(block));
  }
}

void SquashfsBlocks::read_ahead(std::span<const StoredBlock> wanted) noexcept {
  std::vector<StoredBlock> blocks;  // those that are ours to make, by place
  try {
    for (const StoredBlock& stored : wanted)
      if (stored.stored_bytes > 0 && stored.stored_bytes <= super_.block_bytes &&
          stored.position < super_.bytes_used && start_.begin(stored))
        blocks.push_back(stored);
    std::sort(blocks.begin(), blocks.end(), [](auto& a, auto& b) { return a.position < b.position; });
    for (std::size_t from = 0, to = 0; from < blocks.size(); from = to) {
      std::uint64_t end = blocks[from].position + blocks[from].stored_bytes;
      for (to = from + 1; to < blocks.size(); ++to) {
        const StoredBlock& next = blocks[to];
        if (next.position < end || next.position - end > kGapBytesMax ||
            next.position + next.stored_bytes - blocks[from].position > kRunBytesMax)
          break;
        end = next.position + next.stored_bytes;
      }
      read_run(std::span(blocks).subspan(from, to - from));
    }
  } catch (...) {  // a stale profile, a damaged block, no memory
  }
  for (const StoredBlock& stored : blocks) start_.give_up(stored);
}

MetadataCursor MetadataCursor::at(SquashfsBlocks& blocks, std::uint64_t table, std::uint64_t reference,
                                  std::uint64_t end) {
  const std::uint64_t block = reference >> 16;
  if (table > end || block >= end - table) throw Error(EIO, "a reference points outside its table");
  return {blocks, table + block, static_cast<std::size_t>(reference & 0xffff), end};
}

void MetadataCursor::hold_block() {
  if (held_ && offset_ == held_->size) {
    block_ = held_->next;
    offset_ = 0;
    held_.reset();
  }
  if (!held_) {
    if (block_ >= end_) throw Error(EIO, "metadata runs past the end of its table");
    held_ = blocks_->metadata(block_);
    if (offset_ > held_->size) throw Error(EIO, "a reference points past its metadata block");
  }
}

void MetadataCursor::advance(std::uint64_t bytes, char* into) {
  while (bytes > 0) {
    hold_block();
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, held_->size - offset_));
    if (into != nullptr) {
      std::memcpy(into, held_->bytes.get() + offset_, take);
      into += take;
    }
    offset_ += take;
    bytes -= take;
  }
}

MetadataTable::MetadataTable(SquashfsBlocks& blocks, std::uint64_t list, std::uint64_t records,
                             std::size_t record_bytes)
    : blocks_(&blocks), records_(records), record_bytes_(record_bytes) {
  const std::uint64_t end = blocks.super().bytes_used;
  const std::uint64_t count = (records * record_bytes + kMetadataBytes - 1) / kMetadataBytes;
  if (count == 0) return;
  if (list >= end || count > (end - list) / sizeof(std::uint64_t))
    throw Refused("the image is damaged: a table lies outside of it");
  positions_.resize(count);
  blocks.read_raw(list, {reinterpret_cast<char*>(positions_.data()), count * sizeof(std::uint64_t)});
  for (std::uint64_t& position : positions_) position = le64toh(position);
}

MetadataCursor MetadataTable::at(std::uint64_t record) const {
  if (record >= records_) throw Error(EIO, "a table of the image has no entry " + std::to_string(record));
  const std::uint64_t byte = record * record_bytes_;
  return {*blocks_, positions_[byte / kMetadataBytes], static_cast<std::size_t>(byte % kMetadataBytes),
          blocks_->super().bytes_used};
}

}  // namespace sabot
