// SPDX-License-Identifier: Apache-2.0
// byte_source.cc: see byte_source.h.
#include "images/byte_source.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "sys/error.h"

namespace sabot::images {

std::size_t FileSource::read(std::span<std::uint8_t> into) {
  const std::size_t wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), piece_.bytes - at_));
  if (wanted == 0) return 0;
  ssize_t got = 0;
  do {
    got = ::pread(fd_, into.data(), wanted, static_cast<off_t>(piece_.offset + at_));
  } while (got == -1 && errno == EINTR);
  at_ += static_cast<std::uint64_t>(check(got, "read"));
  return static_cast<std::size_t>(got);
}

std::uint64_t FileSource::skip(std::uint64_t bytes) {
  const std::uint64_t skipped = std::min(bytes, piece_.bytes - at_);
  at_ += skipped;  // past the end of the file is its end: the next read says so
  return skipped;
}

std::size_t SizedSource::read(std::span<std::uint8_t> into) {
  const std::size_t got = from_.read(into);
  at_ += got;
  if (at_ > size_bytes_)
    throw Refused("longer than the " + std::to_string(size_bytes_) + " bytes it is said to have");
  if (got == 0 && at_ < size_bytes_)
    throw Refused("has " + std::to_string(at_) + " bytes, not the " + std::to_string(size_bytes_) +
                  " it is said to have");
  return got;
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
