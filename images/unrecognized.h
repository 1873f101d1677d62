// SPDX-License-Identifier: Apache-2.0
// unrecognized.h: words for what was named as an image and is none: what it looks like, and what is accepted.
// Not here: recognising what is one (reference.h, tar_reader.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace sabot::images {

/// One line about a file that begins with `first` (some of its first bytes; what they were packed in is taken
/// off already). Pure. Never longer than 400 bytes, and printable.
std::string not_an_image(std::span<const std::uint8_t> first);

}  // namespace sabot::images
