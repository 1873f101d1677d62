// SPDX-License-Identifier: Apache-2.0
// squashfs_file.h: look into a squashfs file, or the one in a SIF: is it one, what kind, how does it want to
// be launched. Not here: serving its files (stage1-hpc/fs), making one (import.h).
#pragma once

#include <cstdint>
#include <string>

#include "images/launch_config.h"
#include "images/sif.h"

namespace sabot::images {

/// Where an image keeps its launch configuration, below its root.
inline constexpr char kLaunchConfigPath[] = ".sabot/config.json";

/// What the superblock says, for `sabot image show`.
struct ImageInfo {
  std::uint64_t size_bytes = 0;  ///< used by the file system; the file itself may be padded
  std::string compression;       ///< gzip, lzma, lzo, xz, lz4, zstd
  std::uint32_t block_size = 0;  ///< bytes
  std::uint32_t inode_count = 0;
  std::int64_t created_s = 0;  ///< seconds since 1970; Sabot's own images: the newest file's time
};

/// True when `fd` (a regular file, opened for reading; its position is not moved) begins with squashfs's
/// magic, or is a SIF that holds such a file system. Says nothing about the rest; false for what is too
/// short, a directory or a device. Throws      Refused for a SIF that cannot be run (find_sif_partition)
bool is_squashfs(int fd);

/// Where in `fd` the squashfs lies: all of the file, or of a SIF its partition. Throws Refused as above.
FilePiece squashfs_place(int fd);

/// Check the superblock of `fd` and tell what it says.
/// Throws      Refused: not squashfs, not version 4.0, sizes that make no sense, shorter than it claims
ImageInfo read_image_info(int fd);

/// The launch configuration inside the image; where it has none of ours, what another tool's files in it say
/// (foreign_config.h), else an empty one.
/// Throws      Refused: a damaged image, a configuration that parse_launch_config refuses; Error for I/O
/// Source      libsquashfs 1.2, on a bounded reader: nothing of the image is believed
LaunchConfig read_launch_config(int fd);

}  // namespace sabot::images
