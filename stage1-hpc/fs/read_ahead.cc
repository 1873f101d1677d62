// SPDX-License-Identifier: Apache-2.0
// read_ahead.cc: see read_ahead.h. A read-ahead thread that fails leaves its blocks to those who ask for
// them.
#include "fs/read_ahead.h"

#include <fcntl.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "sys/signals_blocked.h"

namespace sabot {
namespace {

constexpr unsigned kThreadsMax = 4;
constexpr std::size_t kBatchBlocks = 16;
// Ready and not yet asked for. The limit of a keeper's memory during a start; a reader that comes later finds
// less.
constexpr std::size_t kAheadBytes = std::size_t{48} << 20;

bool is_writable(int fd) { return (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR; }

}  // namespace

ReadAhead::ReadAhead(ImageReader& image, UniqueFd profile_file)
    : image_(image), file_(std::move(profile_file)), profile_(load_profile(file_.get())) {
  if (!file_.valid()) return;
  image_.start_blocks().open();
  try {
    start_threads();
  } catch (const std::system_error&) {  // no more threads for this user: then nothing is ahead
    image_.start_blocks().close();
  }
}

void ReadAhead::start_threads() {
  const AllSignalsBlocked blocked;
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kThreadsMax);
  threads_.emplace_back([this] { keep_time(); });
  for (unsigned i = 0; i < threads && !profile_.blocks.empty(); ++i)
    threads_.emplace_back([this] { read_ahead(); });
}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    end_now_ = true;
  }
  ended_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ReadAhead::read_ahead() {
  StartBlocks& blocks = image_.start_blocks();
  const std::span<const StoredBlock> all(profile_.blocks);
  while (blocks.await_room(kAheadBytes)) {
    const std::size_t from = next_.fetch_add(kBatchBlocks);
    if (from >= all.size()) return;
    image_.read_ahead(all.subspan(from, std::min(kBatchBlocks, all.size() - from)));
  }
}

void ReadAhead::keep_time() {
  std::unique_lock lock(mutex_);
  ended_.wait_for(lock, std::chrono::seconds(kSeconds), [this] { return end_now_; });
  lock.unlock();
  end();
}

void ReadAhead::end() {
  StartBlocks& blocks = image_.start_blocks();
  const std::vector<StoredBlock> read = blocks.read_so_far();
  blocks.close();
  if (!read.empty() && is_writable(file_.get())) {
    const StartProfile merged = merge(profile_, read);
    if (merged.runs <= kProfileRunsMax) store_profile(file_.get(), merged);
  }
  ::malloc_trim(0);
}

}  // namespace sabot
