// SPDX-License-Identifier: Apache-2.0
// lzo.h: LZO1X decompression, which libsquashfs leaves out and Enroot's images need: it packs their tables
// so.
#pragma once

#include <cstdint>
#include <span>

#include "images/squashfs/handles.h"

namespace sabot::images {

/// The bytes that `in` decompresses to, in `out`; returns how many, -1 where `in` is damaged or `out` too
/// small. Source      Linux, Documentation/staging/lzo.rst (bitstream version 0); pure
std::int64_t lzo_decompress(std::span<const std::uint8_t> in, std::span<std::uint8_t> out);

/// The same as libsquashfs wants it; it compresses nothing.
Sqfs<sqfs_compressor_t> make_lzo_decompressor();

}  // namespace sabot::images
