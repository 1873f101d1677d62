// SPDX-License-Identifier: Apache-2.0
// byte_source.h: bytes that come in order, pulled by who needs them: a blob's file, what it decompresses to.
// Each stage writes into its caller's buffer, so that no stage copies.
// Not here: decompression (decompress.h), a thread that runs ahead (read_ahead.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "images/digest.h"

namespace sabot::images {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `into.size()` (not 0) bytes; 0 only at the end. Throws Refused or Error.
  virtual std::size_t read(std::span<std::uint8_t> into) = 0;
};

/// A regular file from its beginning. When `expected_size` is given, a file that is longer or shorter is
/// refused.
class FileSource : public ByteSource {
 public:
  /// `fd` is borrowed.
  FileSource(int fd, std::optional<std::uint64_t> expected_size) : fd_(fd), expected_size_(expected_size) {}
  std::size_t read(std::span<std::uint8_t> into) override;

 private:
  int fd_;
  std::optional<std::uint64_t> expected_size_;
  std::uint64_t at_ = 0;
};

/// Passes bytes on, and at their end refuses those whose digest is not `expected`; beyond `limit_bytes` at
/// once.
class CheckedSource : public ByteSource {
 public:
  /// `what`  names the bytes in messages: "layer sha256:...", ...
  CheckedSource(ByteSource& from, std::string expected, std::uint64_t limit_bytes, std::string what)
      : from_(from), expected_(std::move(expected)), limit_bytes_(limit_bytes), what_(std::move(what)) {}
  std::size_t read(std::span<std::uint8_t> into) override;

 private:
  ByteSource& from_;
  std::string expected_;  // empty: counted alone, not hashed
  std::uint64_t limit_bytes_;
  std::string what_;
  std::uint64_t at_ = 0;
  Sha256 hash_;
  bool ended_ = false;
};

/// Read to the end and forget, so that what checks at the end does check.
void drain(ByteSource& source);

}  // namespace sabot::images
