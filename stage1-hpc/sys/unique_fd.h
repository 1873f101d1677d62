// SPDX-License-Identifier: Apache-2.0
// unique_fd.h: a file descriptor with an owner. `int fd` in a signature is borrowed, `UniqueFd` is owned.
// Not here: what a descriptor refers to (files.h, channel.h).
#pragma once

#include <unistd.h>

#include <utility>

namespace sabot {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);  // who wrote a file has called fsync and checked it before this
  }
  int get() const noexcept { return fd_; }
  bool valid() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset() noexcept { *this = UniqueFd{}; }

 private:
  int fd_ = -1;
};

}  // namespace sabot
