// SPDX-License-Identifier: Apache-2.0
// start_blocks.cc: see start_blocks.h.
#include "fs/start_blocks.h"

#include "fs/start_profile.h"

namespace sabot {
namespace {

constexpr std::size_t kEntriesMax = 2 * kProfileBlocksMax;  // more is not a start but a copy of the image

}  // namespace

void StartBlocks::open() { open_.store(true, std::memory_order_release); }

void StartBlocks::close() {
  const std::lock_guard lock(mutex_);
  open_.store(false, std::memory_order_release);
  entries_.clear();
  ready_bytes_ = 0;
  changed_.notify_all();
}

void StartBlocks::note_read(Entry& entry, const StoredBlock& stored) {
  entry.state = State::read;
  if (order_.size() < kProfileBlocksMax) order_.push_back(stored);
}

std::optional<Block> StartBlocks::take(const StoredBlock& stored) {
  if (!is_open()) return std::nullopt;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!is_open()) return std::nullopt;
    if (entries_.size() >= kEntriesMax && !entries_.contains(stored.position)) return std::nullopt;
    const auto [found, is_new] = entries_.try_emplace(stored.position);
    Entry& entry = found->second;
    if (is_new) note_read(entry, stored);
    if (entry.state == State::read) return std::nullopt;
    if (entry.state == State::ready) {
      if (entry.block.stored != stored) return std::nullopt;  // a forged profile; the reader reads by itself
      note_read(entry, stored);
      ready_bytes_ -= entry.block.size;
      changed_.notify_all();
      return std::move(entry.block);
    }
    changed_.wait(lock);
  }
}

bool StartBlocks::begin(const StoredBlock& stored) {
  const std::lock_guard lock(mutex_);
  return is_open() && entries_.try_emplace(stored.position).second;
}

void StartBlocks::put(Block block) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(block.stored.position);
  if (found == entries_.end()) return;  // closed meanwhile
  ready_bytes_ += block.size;
  found->second = {State::ready, std::move(block)};
  changed_.notify_all();
}

void StartBlocks::give_up(const StoredBlock& stored) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(stored.position);
  if (found != entries_.end() && found->second.state == State::making) entries_.erase(found);
  changed_.notify_all();
}

bool StartBlocks::await_room(std::size_t bytes) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !is_open() || ready_bytes_ < bytes; });
  return is_open();
}

std::size_t StartBlocks::ready_bytes() const {
  const std::lock_guard lock(mutex_);
  return ready_bytes_;
}

std::vector<StoredBlock> StartBlocks::read_so_far() const {
  const std::lock_guard lock(mutex_);
  return order_;
}

}  // namespace sabot
