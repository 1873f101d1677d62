// SPDX-License-Identifier: Apache-2.0
// packed_tar.h: bytes that hold a tar, compressed or not, as the tar's bytes: read, hashed, decompressed
// and hashed again in a thread of its own, a few blocks ahead of who reads them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "images/byte_source.h"
#include "images/decompress.h"
#include "images/progress.h"
#include "images/read_ahead.h"

namespace sabot::images {

struct PackedTarRules {
  std::optional<std::uint64_t> size_bytes;  ///< the source's, when it is known beforehand
  std::string digest;                       ///< of the source; empty: not checked
  std::string diff_id;                      ///< of what it decompresses to; empty: not checked
  std::uint64_t max_bytes = 0;              ///< of what it decompresses to
  bool is_layer = false;                    ///< only what OCI allows: none, gzip, zstd
};

class PackedTar : public ByteSource {
 public:
  /// Owns `source`, which is read in another thread from now on.
  PackedTar(std::unique_ptr<ByteSource> source, const PackedTarRules& rules, Progress* progress);
  std::size_t read(std::span<std::uint8_t> into) override;
  Packing packing() const { return packing_; }

 private:
  /// Counts for the progress bar from whatever thread reads; read() reports it from the caller's.
  struct Counted : ByteSource {
    Counted(ByteSource& source, std::atomic<std::uint64_t>& count) : source_(source), count_(count) {}
    std::size_t read(std::span<std::uint8_t> into) override;
    ByteSource& source_;
    std::atomic<std::uint64_t>& count_;
  };

  /// The first bytes, looked at and then given out as if nothing had happened.
  struct Peeked : ByteSource {
    explicit Peeked(std::unique_ptr<ByteSource> source);
    std::size_t read(std::span<std::uint8_t> into) override;
    std::unique_ptr<ByteSource> source_;
    std::array<std::uint8_t, 8> first_{};
    std::size_t held_ = 0;
    std::size_t given_ = 0;
  };

  Peeked source_;
  Packing packing_;
  SizedSource sized_;
  std::atomic<std::uint64_t> read_bytes_{0};
  Counted counted_;
  CheckedSource packed_;
  std::unique_ptr<ByteSource> unpacked_;
  CheckedSource tar_;
  std::unique_ptr<ReadAhead> ahead_;  // last: its thread uses all of the above
  Progress* progress_;
  std::uint64_t reported_bytes_ = 0;
};

}  // namespace sabot::images
