// SPDX-License-Identifier: Apache-2.0
// shared_cache.h: values that are costly to make, by a 64-bit key, the least recently used dropped first.
// Not here: what the values are (squashfs_blocks.h, squashfs_reader.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace sabot {

/// For several threads. Two that want the same value make it once: the second waits. Threads that want other
/// values do not wait for it. A value lives on with whoever holds it after it was dropped.
/// `Value` has `std::size_t cost_bytes() const`.
template <class Value>
class SharedCache {
 public:
  explicit SharedCache(std::size_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  template <class Make>
  std::shared_ptr<const Value> get(std::uint64_t key, Make&& make) {
    const std::shared_ptr<Slot> slot = slot_of(key);
    const std::lock_guard lock(slot->mutex);
    if (!slot->value) {
      slot->value =
          std::make_shared<const Value>(make());  // throws: the slot stays empty, the next one tries
      charge(key, slot, slot->value->cost_bytes());
    }
    return slot->value;
  }

  /// Whether a value is there or being made, at this moment.
  bool contains(std::uint64_t key) {
    const std::lock_guard lock(mutex_);
    return slots_.contains(key);
  }

 private:
  struct Slot {
    std::mutex mutex;  // held while the value is made; taken before SharedCache::mutex_, never after
    std::shared_ptr<const Value> value;
    std::size_t cost_bytes = 0;                 // guarded by SharedCache::mutex_, as is `used`
    std::list<std::uint64_t>::iterator used{};  // place in recent_
  };
  static constexpr std::size_t kSlotBytes = 256;  // an empty slot is not free either

  std::shared_ptr<Slot> slot_of(std::uint64_t key) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Slot>& slot = slots_[key];
    if (slot) {
      recent_.splice(recent_.begin(), recent_, slot->used);
      return slot;
    }
    slot = std::make_shared<Slot>();
    recent_.push_front(key);
    slot->used = recent_.begin();
    std::shared_ptr<Slot> made = slot;  // growing may drop others, and so move `slot`
    grow(*made, kSlotBytes);
    return made;
  }

  void charge(std::uint64_t key, const std::shared_ptr<Slot>& slot, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = slots_.find(key);
    if (found != slots_.end() && found->second == slot) grow(*slot, bytes);  // else dropped meanwhile
  }

  void grow(Slot& slot, std::size_t bytes) {
    slot.cost_bytes += bytes;
    total_bytes_ += bytes;
    while (total_bytes_ > capacity_bytes_ && recent_.back() != *slot.used) {
      const auto oldest = slots_.find(recent_.back());
      total_bytes_ -= oldest->second->cost_bytes;
      slots_.erase(oldest);
      recent_.pop_back();
    }
  }

  const std::size_t capacity_bytes_;
  std::mutex mutex_;
  std::size_t total_bytes_ = 0;
  std::list<std::uint64_t> recent_;  // most recent first
  std::unordered_map<std::uint64_t, std::shared_ptr<Slot>> slots_;
};

}  // namespace sabot
