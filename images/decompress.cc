// SPDX-License-Identifier: Apache-2.0
// decompress.cc: see decompress.h.
#include "images/decompress.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace sabot::images {
namespace {

struct Magic {
  std::string_view bytes;
  Packing packing;
};
constexpr Magic kMagics[] = {
    {"\x1f\x8b", Packing::gzip},
    {"\x28\xb5\x2f\xfd", Packing::zstd},
    {std::string_view{"\xfd\x37zXZ\0", 6}, Packing::other},  // xz
    {"BZh", Packing::other},                                 // bzip2
    {"LZIP", Packing::other},
    {"\x04\x22\x4d\x18", Packing::other},               // lz4
    {"\x1f\x9d", Packing::other},                       // compress(1)
    {std::string_view{"\x5d\0\0", 3}, Packing::other},  // lzma, as xz-utils writes it
};

bool is_skippable_frame(std::string_view first) {  // RFC 8878 3.1.2: what zstd:chunked may begin with
  return first.size() >= 4 && (first[0] & 0xf0) == 0x50 && first.substr(1, 3) == "\x2a\x4d\x18";
}

}  // namespace

Packing packing_of(std::span<const std::uint8_t> first_bytes) {
  const std::string_view first{reinterpret_cast<const char*>(first_bytes.data()), first_bytes.size()};
  if (is_skippable_frame(first)) return Packing::zstd;
  for (const Magic& magic : kMagics)
    if (first.starts_with(magic.bytes)) return magic.packing;
  return Packing::none;
}

std::unique_ptr<ByteSource> decompress(ByteSource& from, Packing packing) {
  struct Through : ByteSource {
    explicit Through(ByteSource& source) : source_(source) {}
    std::size_t read(std::span<std::uint8_t> into) override { return source_.read(into); }
    ByteSource& source_;
  };
  if (packing == Packing::none) return std::make_unique<Through>(from);
  return packing == Packing::gzip ? decompress_gzip(from) : decompress_with_libarchive(from);
}

}  // namespace sabot::images
