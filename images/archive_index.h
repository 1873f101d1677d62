// SPDX-License-Identifier: Apache-2.0
// archive_index.h: a tar whose entries are wanted in another order than it has them: a layout in a tar,
// docker save. All headers are read once; then a plain tar's entries are read at their places. A compressed
// one is decompressed again from its beginning for each entry that is opened: that costs time, and no scratch
// copy. Not here: what the entries mean (oci_archive.h, docker_archive.h), root file systems in a tar
// (layer.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "images/blobs.h"
#include "images/decompress.h"

namespace sabot::images {

class ArchiveIndex {
 public:
  /// `fd` is borrowed: a regular file, compressed or not. Of two entries with one name the later counts.
  /// Throws Refused for a damaged archive, or one of more than kMaxArchiveEntries.
  explicit ArchiveIndex(int fd);

  /// Names as in the archive without leading `./`; links count as what they lead to.
  bool has(const std::string& name) const { return resolve(name) != nullptr; }
  /// The entry's bytes; links are followed within the archive. The source may be read in another thread.
  /// Throws      Refused where there is no such entry, or it is no file
  std::unique_ptr<ByteSource> open(const std::string& name) const;
  std::uint64_t size_of(const std::string& name) const;
  /// All of an entry; throws Refused past kJsonBytes.
  std::string read_text(const std::string& name) const;
  /// All names, in byte order.
  std::vector<std::string> names() const;

 private:
  struct Place {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    bool is_file = false;
    std::string link;     // where it leads, from the archive's root; empty: nowhere
    std::string content;  // kept_: of a document in a compressed archive
    bool kept = false;
  };
  const Place* resolve(const std::string& name) const;
  const Place& file(const std::string& name) const;
  void read_headers();

  int fd_;
  Packing packing_;
  std::map<std::string, Place> entries_;
};

/// The archive of a root file system, or of images?
enum class ArchiveKind { rootfs, oci, docker, aci };

/// Told by the first name in the archive: none of those that tell is the first of a root file system's.
/// `fd`  borrowed. Throws Refused for what is no archive.
ArchiveKind archive_kind(int fd);

}  // namespace sabot::images
