// SPDX-License-Identifier: Apache-2.0
// read_ahead.h: a thread that reads, hashes and decompresses while its caller reads tar and feeds the writer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "images/byte_source.h"

namespace sabot::images {

/// Runs `from` (borrowed) in a thread of its own, a few blocks ahead. What it throws is thrown by read().
class ReadAhead : public ByteSource {
 public:
  explicit ReadAhead(ByteSource& from);
  ~ReadAhead() override;  // stops the thread, at the latest when from's current read returns
  std::size_t read(std::span<std::uint8_t> into) override;

 private:
  static constexpr std::size_t kBlocks = 8;
  static constexpr std::size_t kBlockBytes = std::size_t{512} << 10;
  struct Block {
    std::vector<std::uint8_t> bytes;
    std::size_t used = 0;
  };

  void run(const std::string& doing) noexcept;
  void produce();

  ByteSource& from_;
  Block blocks_[kBlocks];
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t produced_ = 0;  // blocks, ever; under mutex_
  std::size_t consumed_ = 0;  // likewise
  bool ended_ = false;        // likewise
  bool stop_ = false;         // likewise
  std::exception_ptr failed_;
  std::size_t offset_ = 0;  // the reader's, in the block being consumed
  std::thread thread_;
};

}  // namespace sabot::images
