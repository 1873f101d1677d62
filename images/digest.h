// SPDX-License-Identifier: Apache-2.0
// digest.h: SHA-256, as digests of OCI documents and of images are written: `sha256:HEX`; SHA-512, as App
// Container images are identified: `sha512-HEX`. Not here: signatures, other algorithms (valid in OCI, but
// nobody uses them).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace sabot::images {

class Hash {
 public:
  enum class Kind { sha256, sha512 };
  explicit Hash(Kind kind);
  ~Hash();
  Hash(const Hash&) = delete;
  Hash& operator=(const Hash&) = delete;
  void update(std::span<const std::uint8_t> bytes);
  /// `sha256:` and 64 hex digits, or `sha512-` and 128, of all bytes so far; ends this object's use.
  std::string digest();

 private:
  Kind kind_;
  evp_md_ctx_st* context_;
};

struct Sha256 : Hash {
  Sha256() : Hash(Kind::sha256) {}
};

std::string sha256_of(std::string_view bytes);

/// Of the whole regular file `fd`, whose position is not moved. Throws Error.
std::string sha256_of_file(int fd);

}  // namespace sabot::images
