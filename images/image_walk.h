// SPDX-License-Identifier: Apache-2.0
// image_walk.h: all that a squashfs image has, entry by entry, with the bytes of its files.
// Nothing of the image is believed: names, depth, counts and loops are bounded as in an import (limits.h).
// Not here: making files of it (extract.h), an archive (oci_export.h).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "images/merged_tree.h"

namespace sabot::images {

struct ImageEntry {
  std::string path;              ///< without a leading slash; empty: the root. No component is `.` or `..`
  const Inode* inode = nullptr;  ///< borrowed for the call; `data` means nothing here
  std::string link;              ///< not empty: one more name of that path, which came before
};

/// The bytes of one regular file, in order. May be called once, during the call that has the entry.
using ReadContent = std::function<void(const std::function<void(std::span<const std::uint8_t>)>& sink)>;

/// Call `visit` for every entry, a directory before what is in it, names of one directory in the image's
/// order. `fd`        borrowed; a regular file Returns     how many devices and sockets were passed over: a
/// pod would have none either Throws      Refused: a damaged image, one beyond limits.h; Error; whatever
/// `visit` throws Source      libsquashfs 1.2
std::uint64_t walk_image(int fd, const std::function<void(const ImageEntry&, const ReadContent&)>& visit);

}  // namespace sabot::images
