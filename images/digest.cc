// SPDX-License-Identifier: Apache-2.0
// digest.cc: the one file that includes OpenSSL. See digest.h.
#include "images/digest.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <vector>

#include "sys/error.h"

namespace sabot::images {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr || EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) != 1) {
    EVP_MD_CTX_free(context_);
    throw Refused("OpenSSL offers no SHA-256");
  }
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_); }

void Sha256::update(std::span<const std::uint8_t> bytes) {
  if (EVP_DigestUpdate(context_, bytes.data(), bytes.size()) != 1) throw Refused("OpenSSL failed to hash");
}

std::string Sha256::digest() {
  static constexpr char kHex[] = "0123456789abcdef";
  unsigned char raw[32];
  if (EVP_DigestFinal_ex(context_, raw, nullptr) != 1) throw Refused("OpenSSL failed to hash");
  std::string text = "sha256:";
  for (const unsigned char byte : raw) text += {kHex[byte >> 4], kHex[byte & 15]};
  return text;
}

std::string sha256_of(std::string_view bytes) {
  Sha256 hash;
  hash.update({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  return hash.digest();
}

std::string sha256_of_file(int fd) {
  Sha256 hash;
  std::vector<std::uint8_t> block(std::size_t{1} << 20);
  off_t at = 0;
  for (;;) {
    const ssize_t got = ::pread(fd, block.data(), block.size(), at);
    if (got == -1 && errno == EINTR) continue;
    if (check(got, "read") == 0) return hash.digest();
    hash.update({block.data(), static_cast<std::size_t>(got)});
    at += got;
  }
}

}  // namespace sabot::images
