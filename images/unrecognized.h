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

/// True where `dir` has one of the directories that every root file system with a program in it has (bin,
/// etc, lib, sbin, usr), or a launch configuration of ours: it can be launched. A directory without them may
/// still be imported, by who knows what is in it.
bool is_root_file_system(int dir);

}  // namespace sabot::images
