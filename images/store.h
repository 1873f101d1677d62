// SPDX-License-Identifier: Apache-2.0
// store.h: the image store: a directory of squashfs files by digest, and of names for them.
//   images/sha256/HEX.squashfs   the image; `sha256sum` of the file is HEX
//   names/NAME                   a name, percent-encoded; holds the digest it stands for
//   leases/HEX.HOLDER            who still needs an image (store_leases.h)
//   sources/HEX/                 what an image was made of (store_sources.h)
//   tags/, blobs/                what registries said, and what is half downloaded (store_tags.h)
//   staging/                     files being written (store_staging.h)
//   going/                       images on their way out (store_gc.h)
//   lock                         held, where locks work, for the moment in which names or images come or go
// State is plain files and renames: any number of processes on any number of hosts may use one store at once,
// on file systems without locks, extended attributes or unnamed files too. Not here: making the squashfs file
// (import.h), mounting it (stage1-hpc/fs).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "images/import.h"
#include "images/progress.h"
#include "images/reference.h"
#include "sys/unique_fd.h"

namespace sabot::images {

struct ImageRecord {
  std::string digest;              ///< `sha256:HEX` of the file's bytes
  std::uint64_t size_bytes = 0;    ///< of the file
  std::int64_t stored_s = 0;       ///< when it was committed, seconds since 1970
  std::vector<std::string> names;  ///< sorted, without `:latest`; may be empty
};

class Store {
 public:
  /// Takes the store's directory, already checked: see open_store.
  explicit Store(UniqueFd root) : root_(std::move(root)) {}

  /// Import `source` and, when `name` is not empty, let `name` stand for it from now on.
  /// `source`    located; `dir_fd` as for import_image. A store that already has these bytes keeps its file
  /// `result`    where import_image's result goes (notes, launch configuration); may be null
  /// Throws      what import_image throws; nothing is published then. Error ENOSPC, EDQUOT, EROFS likewise
  ImageRecord import(const Reference& source, int dir_fd, const ImportOptions& options,
                     const std::string& name, Progress* progress, ImportResult* result = nullptr);

  /// The image that `what` names: a name (`NAME` is `NAME:latest`), a digest, or the beginning of one: at
  /// least 4 hex digits, with or without `sha256:`, that fit one image alone. Names win over digests.
  /// Throws      Refused when a beginning fits several
  std::optional<ImageRecord> find(const std::string& what) const;

  /// The image file, read-only. `digest` as in ImageRecord. Throws Error ENOENT where the store has none.
  UniqueFd open_image(const std::string& digest) const;

  /// All images, by digest.
  std::vector<ImageRecord> list() const;

  /// Remove a name, and its image when no other name is left; by digest, the image and all its names.
  /// A pod on this host that has the image open keeps it; on another host it may lose it, so leases of jobs
  /// and processes forbid it unless `forced`. Returns the images removed: none or one. Throws      Refused
  /// where `what` names nothing, a beginning that fits several, or an image that is needed
  std::vector<std::string> remove(const std::string& what, bool forced = false);

  /// Let `name` stand for `digest`. Throws Refused for a name that parse_reference would not take as one.
  void set_name(const std::string& name, const std::string& digest);

  /// The store's directory; borrowed.
  int fd() const { return root_.get(); }

 private:
  UniqueFd root_;
};

/// Open the store at `path`; where it does not exist, make it (mode 0700) and its folders, not its parent.
/// Throws      Refused where someone else could put images into it: it must belong to the caller or to
///             root, and not be writable by others. One that belongs to root is the site's, and only read
Store open_store(const std::string& path);

/// The same without making anything. Throws Error ENOENT where there is none.
Store open_existing_store(const std::string& path);

/// The same for a store that root's configuration names as the site's: whoever owns it fills it, and is
/// trusted with it; nobody else may be able to.
Store open_site_store(const std::string& path);

}  // namespace sabot::images
