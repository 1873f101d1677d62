// SPDX-License-Identifier: Apache-2.0
// read_ahead.cc: see read_ahead.h.
#include "images/read_ahead.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "sys/error.h"

namespace sabot::images {

ReadAhead::ReadAhead(ByteSource& from) : from_(from) {
  std::string doing = Context::chain();  // the thread's failures say what the caller was doing
  if (doing.ends_with(": ")) doing.resize(doing.size() - 2);
  thread_ = std::thread([this, doing] { run(doing); });
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ReadAhead::run(const std::string& doing) noexcept {
  std::exception_ptr failed;
  try {
    std::optional<Context> context;
    if (!doing.empty()) context.emplace(doing);
    produce();
  } catch (...) {
    failed = std::current_exception();
  }
  const std::lock_guard lock{mutex_};
  failed_ = failed;
  ended_ = true;
  changed_.notify_all();
}

void ReadAhead::produce() {
  for (;;) {
    Block* block = nullptr;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [&] { return stop_ || produced_ - consumed_ < kBlocks; });
      if (stop_) return;
      block = &blocks_[produced_ % kBlocks];
    }
    block->bytes.resize(kBlockBytes);
    block->used = 0;
    bool more = true;
    while (more && block->used < kBlockBytes) {
      const std::size_t got = from_.read(std::span{block->bytes}.subspan(block->used));
      block->used += got;
      more = got > 0;
    }
    if (block->used > 0) {
      const std::lock_guard lock{mutex_};
      ++produced_;
      changed_.notify_all();
    }
    if (!more) return;
  }
}

std::size_t ReadAhead::read(std::span<std::uint8_t> into) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return ended_ || produced_ > consumed_; });
  if (produced_ == consumed_) {
    if (failed_) std::rethrow_exception(failed_);
    return 0;
  }
  lock.unlock();  // the block is ours until consumed_ says otherwise
  Block& block = blocks_[consumed_ % kBlocks];
  const std::size_t give = std::min(into.size(), block.used - offset_);
  std::memcpy(into.data(), block.bytes.data() + offset_, give);
  offset_ += give;
  if (offset_ < block.used) return give;
  offset_ = 0;
  lock.lock();
  ++consumed_;
  changed_.notify_all();
  return give;
}

}  // namespace sabot::images
