// SPDX-License-Identifier: Apache-2.0
// blobs.cc: see blobs.h.
#include "images/blobs.h"

#include <array>

#include "images/digest.h"
#include "sys/error.h"

namespace sabot::images {

std::string read_whole(ByteSource& source, std::size_t limit_bytes) {
  std::string text;
  std::array<std::uint8_t, 16384> block;
  for (std::size_t got = 0; (got = source.read(block)) > 0;) {
    if (got > limit_bytes - text.size())
      throw Refused("larger than the limit of " + std::to_string(limit_bytes) + " bytes");
    text.append(reinterpret_cast<const char*>(block.data()), got);
  }
  return text;
}

std::string read_document(Blobs& blobs, const Descriptor& document) {
  Context doing{"read " + document.digest};
  if (document.size_bytes > kJsonBytes)
    throw Refused("larger than the limit of " + std::to_string(kJsonBytes) + " bytes for a document");
  const std::unique_ptr<ByteSource> bytes = blobs.open(document);
  SizedSource sized(*bytes, document.size_bytes);
  std::string text = read_whole(sized, kJsonBytes);
  const std::string digest = sha256_of(text);
  if (digest != document.digest) throw Refused("its content has the digest " + digest);
  return text;
}

}  // namespace sabot::images
