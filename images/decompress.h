// SPDX-License-Identifier: Apache-2.0
// decompress.h: a stream's compression, told by its first bytes, and undone.
// gzip goes through ISA-L where it was found at build time (decompress_gzip.cc), everything else, and gzip
// without ISA-L, through libarchive's filters (decompress_archive.cc).
#pragma once

#include <memory>
#include <span>

#include "images/byte_source.h"

namespace sabot::images {

enum class Packing { none, gzip, zstd, other };

/// Told by magic numbers. `other`: bzip2, xz, lzma, lzip, lz4, compress.
Packing packing_of(std::span<const std::uint8_t> first_bytes);

/// What `from` (borrowed) decompresses to. Any number of members or frames follow each other; zero bytes may
/// pad the end. The reader throws Refused for truncated or damaged input, and for garbage after its end.
std::unique_ptr<ByteSource> decompress(ByteSource& from, Packing packing);

/// Their halves; decompress() chooses.
std::unique_ptr<ByteSource> decompress_gzip(ByteSource& from);
std::unique_ptr<ByteSource> decompress_with_libarchive(ByteSource& from);

}  // namespace sabot::images
