// SPDX-License-Identifier: Apache-2.0
// digest.cc: the one file that includes OpenSSL. See digest.h.
#include "images/digest.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <vector>

#include "sys/error.h"

namespace sabot::images {

Hash::Hash(Kind kind) : kind_(kind), context_(EVP_MD_CTX_new()) {
  const EVP_MD* algorithm = kind == Kind::sha256 ? EVP_sha256() : EVP_sha512();
  if (context_ == nullptr || EVP_DigestInit_ex(context_, algorithm, nullptr) != 1) {
    EVP_MD_CTX_free(context_);
    throw Refused("OpenSSL offers no SHA-2");
  }
}

Hash::~Hash() { EVP_MD_CTX_free(context_); }

void Hash::update(std::span<const std::uint8_t> bytes) {
  if (EVP_DigestUpdate(context_, bytes.data(), bytes.size()) != 1) throw Refused("OpenSSL failed to hash");
}

std::string Hash::digest() {
  static constexpr char kHex[] = "0123456789abcdef";
  unsigned char raw[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_DigestFinal_ex(context_, raw, &size) != 1) throw Refused("OpenSSL failed to hash");
  std::string text = kind_ == Kind::sha256 ? "sha256:" : "sha512-";
  for (unsigned i = 0; i < size; ++i) text += {kHex[raw[i] >> 4], kHex[raw[i] & 15]};
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
