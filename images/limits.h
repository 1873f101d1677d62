// SPDX-License-Identifier: Apache-2.0
// limits.h: how large an image may be. Each number is far above what images have and far below what would
// hurt. Not here: the limits of JSON documents (launch_config.h) and of references (reference.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace sabot::images {

/// Entries of all layers together: about 300 bytes of memory each; squashfs itself ends at 2^32 inodes.
inline constexpr std::uint64_t kMaxEntries = 10'000'000;
/// A name inside an image, and the target of a link: PATH_MAX, since no program could use a longer one.
inline constexpr std::size_t kMaxPathBytes = 4096;
/// One component: NAME_MAX; squashfs ends at 256.
inline constexpr std::size_t kMaxNameBytes = 255;
/// Directories within each other: what fits into kMaxPathBytes, whatever symlinks an image builds paths from.
inline constexpr std::size_t kMaxDepth = kMaxPathBytes / 2;
/// The same when a directory is walked: one descriptor is held for each level.
inline constexpr std::size_t kMaxWalkDepth = 256;
/// Symlinks followed while one name is resolved: as many as the kernel follows (path_resolution(7)).
inline constexpr int kMaxSymlinks = 40;
/// One extended attribute: XATTR_SIZE_MAX.
inline constexpr std::size_t kMaxXattrBytes = 64 * 1024;
/// Extended attributes of one file: XATTR_LIST_MAX holds fewer.
inline constexpr std::size_t kMaxXattrs = 1024;
/// Layers of one image: overlay file systems end at 500; Docker at 127.
inline constexpr std::size_t kMaxLayers = 1024;
/// Indexes within each other, and documents read until an image is chosen: real images have one or two.
inline constexpr int kMaxIndexDepth = 4;
inline constexpr int kMaxDocuments = 64;
/// Entries of an archive that holds images (a layout in a tar, docker save): some dozen for each image.
inline constexpr std::size_t kMaxArchiveEntries = 100'000;
/// Of a compressed one: what is kept of its documents while it is read for the first time.
inline constexpr std::size_t kMaxKeptBytes = std::size_t{16} << 20;
/// Notes kept; more are counted.
inline constexpr std::size_t kMaxNotes = 100;

}  // namespace sabot::images
