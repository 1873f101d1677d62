// SPDX-License-Identifier: Apache-2.0
// byte_source.h: bytes that come in order, pulled by who needs them: a blob's file, what it decompresses to.
// Each stage writes into its caller's buffer, so that no stage copies.
// Not here: decompression (decompress.h), a thread that runs ahead (read_ahead.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "images/digest.h"
#include "sys/unique_fd.h"

namespace sabot::images {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `into.size()` (not 0) bytes; 0 only at the end. Throws Refused or Error.
  virtual std::size_t read(std::span<std::uint8_t> into) = 0;
  /// Leave out up to `bytes` of what comes next; returns how many were. Where reading is all there is: none.
  virtual std::uint64_t skip(std::uint64_t /*bytes*/) { return 0; }
};

/// A regular file, or a piece of one. It is read at positions of its own: the descriptor may be shared.
class FileSource : public ByteSource {
 public:
  struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t bytes = UINT64_MAX;  ///< at most; a file that ends before ends the source, see SizedSource
  };
  /// `fd` is borrowed.
  explicit FileSource(int fd) : FileSource(fd, Piece{}) {}
  FileSource(int fd, Piece piece) : fd_(fd), piece_(piece) {}
  explicit FileSource(UniqueFd fd) : owned_(std::move(fd)), fd_(owned_.get()) {}
  std::size_t read(std::span<std::uint8_t> into) override;
  std::uint64_t skip(std::uint64_t bytes) override;

 private:
  UniqueFd owned_;
  int fd_;
  Piece piece_;
  std::uint64_t at_ = 0;
};

/// Passes bytes on, and refuses what is longer (at once) or shorter (at its end) than `size_bytes`.
class SizedSource : public ByteSource {
 public:
  SizedSource(ByteSource& from, std::uint64_t size_bytes) : from_(from), size_bytes_(size_bytes) {}
  std::size_t read(std::span<std::uint8_t> into) override;

 private:
  ByteSource& from_;
  std::uint64_t size_bytes_;
  std::uint64_t at_ = 0;
};

/// Passes bytes on, and at their end refuses those whose digest is not `expected`; beyond `limit_bytes` at
/// once.
class CheckedSource : public ByteSource {
 public:
  /// `what`  names the bytes in messages: "layer sha256:...", ...
  CheckedSource(ByteSource& from, std::string expected, std::uint64_t limit_bytes, std::string what)
      : from_(from),
        expected_(std::move(expected)),
        limit_bytes_(limit_bytes),
        what_(std::move(what)),
        hash_(expected_.starts_with("sha512-") ? Hash::Kind::sha512 : Hash::Kind::sha256) {}
  std::size_t read(std::span<std::uint8_t> into) override;

 private:
  ByteSource& from_;
  std::string expected_;  // empty: counted alone, not hashed
  std::uint64_t limit_bytes_;
  std::string what_;
  std::uint64_t at_ = 0;
  Hash hash_;
  bool ended_ = false;
};

/// Read to the end and forget, so that what checks at the end does check.
void drain(ByteSource& source);

}  // namespace sabot::images
