// SPDX-License-Identifier: Apache-2.0
// start_blocks.h: the data blocks of a pod's first seconds: which were read, in order, and those that were
// made ready before anybody asked. Not here: the profile as a file (start_profile.h), the threads that read
// ahead (read_ahead.h).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "fs/block_source.h"

namespace sabot {

/// A block, decompressed.
struct Block {
  std::unique_ptr<char[]> bytes;
  std::size_t size = 0;
  std::uint64_t next = 0;  // position after it, of a metadata block
  StoredBlock stored;      // of a data block: what it was made of
  std::size_t cost_bytes() const { return size; }
};

/// For several threads. Starts closed, and costs one atomic load then. What is ahead is never wrong: a block
/// is given only to a reader that names the same position, size and kind.
class StartBlocks {
 public:
  void open();
  /// No more is recorded, and what nobody asked for is forgotten. Waiting readers go on.
  void close();
  bool is_open() const { return open_.load(std::memory_order_acquire); }

  /// By a reader, before it reads a block: gives the block if it is ready, and waits where it is being made.
  std::optional<Block> take(const StoredBlock& stored);
  /// By who reads ahead: whether to make this block; then put() or give_up() must follow.
  bool begin(const StoredBlock& stored);
  void put(Block block);
  void give_up(const StoredBlock& stored);  // no matter when it was put
  /// Wait until less than `bytes` are ready and not taken; false when closed.
  bool await_room(std::size_t bytes);
  /// Of blocks that are ready and were not taken.
  std::size_t ready_bytes() const;

  /// What was read since open(), each block once, in order; at most kProfileBlocksMax.
  std::vector<StoredBlock> read_so_far() const;

 private:
  enum class State : std::uint8_t { making, ready, read };
  struct Entry {
    State state = State::making;
    Block block;
  };
  void note_read(Entry& entry, const StoredBlock& stored);

  std::atomic<bool> open_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::uint64_t, Entry> entries_;  // by position
  std::vector<StoredBlock> order_;
  std::size_t ready_bytes_ = 0;
};

}  // namespace sabot
