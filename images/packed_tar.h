// SPDX-License-Identifier: Apache-2.0
// packed_tar.h: a file that holds a tar, compressed or not, as the tar's bytes: read, hashed, decompressed
// and hashed again in a thread of its own.
#pragma once

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
  std::optional<std::uint64_t> size_bytes;  ///< the file's, when it is known beforehand
  std::string digest;                       ///< of the file; empty: not checked
  std::string diff_id;                      ///< of what it decompresses to; empty: not checked
  std::uint64_t max_bytes = 0;              ///< of what it decompresses to
  bool is_layer = false;                    ///< only what OCI allows: none, gzip, zstd
};

class PackedTar : public ByteSource {
 public:
  /// `fd` is borrowed.
  PackedTar(int fd, const PackedTarRules& rules, Progress* progress);
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

  Packing packing_;
  FileSource file_;
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
