// SPDX-License-Identifier: Apache-2.0
// digest.h: SHA-256, as digests of OCI documents and of images are written: `sha256:HEX`.
// Not here: signatures, other algorithms (valid in OCI, but nothing we meet uses them).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace sabot::images {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::span<const std::uint8_t> bytes);
  /// `sha256:` and 64 hex digits, of all bytes so far; ends this object's use.
  std::string digest();

 private:
  evp_md_ctx_st* context_;
};

std::string sha256_of(std::string_view bytes);

/// Of the whole regular file `fd`, whose position is not moved. Throws Error.
std::string sha256_of_file(int fd);

}  // namespace sabot::images
