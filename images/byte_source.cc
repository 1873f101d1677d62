// SPDX-License-Identifier: Apache-2.0
// byte_source.cc: see byte_source.h.
#include "images/byte_source.h"

#include <unistd.h>

#include <vector>

#include "sys/error.h"

namespace sabot::images {

std::size_t FileSource::read(std::span<std::uint8_t> into) {
  ssize_t got = 0;
  do {
    got = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(at_));
  } while (got == -1 && errno == EINTR);
  at_ += static_cast<std::uint64_t>(check(got, "read"));
  if (expected_size_) {
    if (at_ > *expected_size_)
      throw Refused("the file is longer than the " + std::to_string(*expected_size_) +
                    " bytes it is said to have");
    if (got == 0 && at_ < *expected_size_)
      throw Refused("the file has " + std::to_string(at_) + " bytes, not the " +
                    std::to_string(*expected_size_) + " it is said to have");
  }
  return static_cast<std::size_t>(got);
}

std::size_t CheckedSource::read(std::span<std::uint8_t> into) {
  const std::size_t got = from_.read(into);
  at_ += got;
  if (at_ > limit_bytes_)
    throw Refused(what_ + " is larger than the limit of " + std::to_string(limit_bytes_) + " bytes");
  if (expected_.empty()) return got;
  if (got > 0) {
    hash_.update(into.first(got));
  } else if (!ended_) {
    ended_ = true;
    const std::string digest = hash_.digest();
    if (digest != expected_) throw Refused(what_ + " has the digest " + digest + ", not " + expected_);
  }
  return got;
}

void drain(ByteSource& source) {
  std::vector<std::uint8_t> block(256 * 1024);
  while (source.read(block) > 0) {
  }
}

}  // namespace sabot::images
