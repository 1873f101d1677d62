// SPDX-License-Identifier: Apache-2.0
// packed_tar.cc: see packed_tar.h.
#include "images/packed_tar.h"

#include <algorithm>
#include <cstring>

#include "sys/error.h"

namespace sabot::images {
namespace {

Packing checked(Packing packing, bool is_layer) {
  if (is_layer && packing == Packing::other)
    throw Refused("a layer in a compression that OCI does not have; gzip and zstd it has");
  return packing;
}

}  // namespace

PackedTar::Peeked::Peeked(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {
  while (held_ < first_.size()) {
    const std::size_t got = source_->read(std::span{first_}.subspan(held_));
    if (got == 0) break;
    held_ += got;
  }
}

std::size_t PackedTar::Peeked::read(std::span<std::uint8_t> into) {
  if (given_ == held_) return source_->read(into);
  const std::size_t give = std::min(into.size(), held_ - given_);
  std::memcpy(into.data(), first_.data() + given_, give);
  given_ += give;
  return give;
}

std::size_t PackedTar::Counted::read(std::span<std::uint8_t> into) {
  const std::size_t got = source_.read(into);
  count_.fetch_add(got, std::memory_order_relaxed);
  return got;
}

PackedTar::PackedTar(std::unique_ptr<ByteSource> source, const PackedTarRules& rules, Progress* progress)
    : source_(std::move(source)),
      packing_(checked(packing_of({source_.first_.data(), source_.held_}), rules.is_layer)),
      sized_(source_, rules.size_bytes.value_or(0)),
      counted_(rules.size_bytes ? static_cast<ByteSource&>(sized_) : source_, read_bytes_),
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
