// SPDX-License-Identifier: Apache-2.0
// progress_bar.h: how far an import is, on a terminal; silent elsewhere, so that logs stay readable.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "images/progress.h"

namespace sabot {

class ProgressBar : public images::Progress {
 public:
  explicit ProgressBar(std::string title);
  ~ProgressBar() override;  ///< takes the bar off the screen
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void total(std::uint64_t bytes) override { total_ = bytes; }
  void advance(std::uint64_t bytes) override;

 private:
  void draw() const;
  std::string title_;
  bool terminal_;
  bool drawn_ = false;
  std::uint64_t total_ = 0;
  std::uint64_t done_ = 0;
  std::chrono::steady_clock::time_point last_{};
};

/// 1234567 as "1.2 MB": powers of 1000, as ls -h --si and Docker print them.
std::string human_bytes(std::uint64_t bytes);

}  // namespace sabot
