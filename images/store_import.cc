// SPDX-License-Identifier: Apache-2.0
// store_import.cc: a new image in the store: published by one rename, after its bytes are on the disk.
// Not here: finding and removing (store.cc), making the squashfs file (import.cc).
#include <fcntl.h>
#include <sys/stat.h>

#include "images/digest.h"
#include "images/store.h"
#include "images/store_files.h"
#include "images/store_folders.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

/// Put the staged file in its place, or drop it where the store has the same bytes already.
void publish(int staging, const Staged& staged, int images, const std::string& digest, std::uint64_t size) {
  const std::string file = file_of(digest);
  const auto old = record_of(images, digest);
  if (old && old->size_bytes == size) {
    check(::unlinkat(staging, staged.name.c_str(), 0), "unlink", "staging/" + staged.name);
    return;
  }
  check(::renameat(staging, staged.name.c_str(), images, file.c_str()), "rename", file);
  check(::fsync(images), "fsync", kImagesFolder);
}

}  // namespace

ImageRecord Store::import(const Reference& source, int dir_fd, const ImportOptions& options,
                          const std::string& name, Progress* progress, ImportResult* result) {
  const std::string known_as = name.empty() ? "" : canonical_name(name);  // a mistake is told before the work
  const UniqueFd staging = open_folder(fd(), "staging", true);
  const UniqueFd images = open_folder(fd(), kImagesFolder, true);
  reclaim_staging(staging.get());
  const Staged staged = stage(staging.get());
  try {
    ImportResult imported = import_image(source, dir_fd, options, staged.fd.get(), progress);
    check(::fchmod(staged.fd.get(), 0444), "fchmod");
    check(::fsync(staged.fd.get()), "fsync", "staging/" + staged.name);
    const std::string digest = sha256_of_file(staged.fd.get());
    const UniqueFd lock = lock_store(fd());
    publish(staging.get(), staged, images.get(), digest, imported.size_bytes);
    if (!known_as.empty()) write_name(fd(), known_as, digest);
    if (result != nullptr) *result = std::move(imported);
    return find(digest).value();
  } catch (...) {
    ::unlinkat(staging.get(), staged.name.c_str(), 0);  // ENOENT when it was published: fine
    throw;
  }
}

}  // namespace sabot::images
