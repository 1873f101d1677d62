// SPDX-License-Identifier: Apache-2.0
// import.h: turn an image of another kind into one squashfs file.
// A source is streamed: nothing is extracted, no scratch copy is made, no name from inside it is ever opened.
// Not here: where the file is kept (store.h), what names a source (reference.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "images/launch_config.h"
#include "images/progress.h"
#include "images/reference.h"

namespace sabot::images {

class Blobs;
struct Chosen;

enum class Compression { zstd, gzip, xz, lz4, none };

struct ImportOptions;

/// `zstd`, `gzip`, `xz`, each also with a level behind a colon as in `zstd:19`; `lz4`; `none`: into
/// `options`. Throws Refused for another word, or a level that the compression does not have.
void set_compression(ImportOptions& options, const std::string& text);

/// What set_compression reads.
std::string format_compression(const ImportOptions& options);

struct ImportOptions {
  Compression compression = Compression::zstd;
  int compression_level = 0;              ///< 0: our choice (zstd 3, gzip 6, xz 6); lz4 and none have none
  std::uint32_t block_size = 128 * 1024;  ///< bytes, a power of two from 4 KiB to 1 MiB
  unsigned threads = 0;                   ///< that compress; 0: as many as CPUs allowed to us
  std::optional<LaunchConfig> launch;     ///< instead of the one the source has
  std::string architecture;               ///< ARCHITECTURE[/VARIANT], as platform.h; empty: this host's
  Blobs* blobs = nullptr;                 ///< where a reference of the kind registry is read from; borrowed
  const Chosen* chosen = nullptr;         ///< the image in it
  /// One layer or tar, decompressed, holes included.
  std::uint64_t max_layer_bytes = std::uint64_t{256} << 30;
};

struct ImportResult {
  LaunchConfig launch;             ///< as written into the image
  std::vector<std::string> notes;  ///< one line each: what was dropped or altered, and why
  std::string source_digest;       ///< of the manifest chosen, of Docker's configuration; empty for others
  std::string manifest;            ///< the manifest itself, byte for byte; empty for sources without one
  std::string config;              ///< and the image configuration, likewise
  std::uint64_t size_bytes = 0;    ///< of the squashfs file
  std::uint64_t inode_count = 0;
};

/// Write the image that `source` names as a squashfs file with its launch configuration inside.
/// The same source and options give the same bytes, however many threads there are.
/// `source`    located: squashfs (copied as it is), archive, rootfs_directory, oci_*, docker_archive, aci;
/// registry,
///             where options say what it is read from
/// `dir_fd`    what source.path is relative to: AT_FDCWD for the working directory
/// `out_fd`    an empty regular file, open for reading and writing; not synced. Void after a failure
/// `progress`  may be null; borrowed
/// Throws      Refused: a source that breaks a rule (digest, size, a name that leaves the root, limits.h);
///             Error: the system's own
/// Source      image-spec 1.1 layer.md; libarchive 3.6 reads tar, libsquashfs 1.2 writes
ImportResult import_image(const Reference& source, int dir_fd, const ImportOptions& options, int out_fd,
                          Progress* progress);

}  // namespace sabot::images
