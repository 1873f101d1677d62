// SPDX-License-Identifier: Apache-2.0
// packed_tar.cc: see packed_tar.h.
#include "images/packed_tar.h"

#include <unistd.h>

#include "sys/error.h"

namespace sabot::images {
namespace {

Packing sniff(int fd, bool is_layer) {
  std::uint8_t first[8];
  const ssize_t got = check(::pread(fd, first, sizeof first, 0), "read");
  const Packing packing = packing_of({first, static_cast<std::size_t>(got)});
  if (is_layer && packing == Packing::other)
    throw Refused("a layer in a compression that OCI does not have; gzip and zstd it has");
  return packing;
}

}  // namespace

std::size_t PackedTar::Counted::read(std::span<std::uint8_t> into) {
  const std::size_t got = source_.read(into);
  count_.fetch_add(got, std::memory_order_relaxed);
  return got;
}

PackedTar::PackedTar(int fd, const PackedTarRules& rules, Progress* progress)
    : packing_(sniff(fd, rules.is_layer)),
      file_(fd, rules.size_bytes),
      counted_(file_, read_bytes_),
      packed_(counted_, rules.digest, UINT64_MAX, "the blob"),
      unpacked_(decompress(packed_, packing_)),
      tar_(*unpacked_, rules.diff_id, rules.max_bytes, "the uncompressed layer"),
      ahead_(std::make_unique<ReadAhead>(tar_)),
      progress_(progress) {}

std::size_t PackedTar::read(std::span<std::uint8_t> into) {
  const std::size_t got = ahead_->read(into);
  const std::uint64_t now = read_bytes_.load(std::memory_order_relaxed);
  if (progress_ != nullptr && now > reported_bytes_) progress_->advance(now - reported_bytes_);
  reported_bytes_ = now;
  return got;
}

}  // namespace sabot::images
