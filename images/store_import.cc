// SPDX-License-Identifier: Apache-2.0
// store_import.cc: a new image in the store: published by one rename, after its bytes are on the disk.
// Not here: finding and removing (store.cc), making the squashfs file (import.cc).
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>

#include "images/digest.h"
#include "images/store.h"
#include "images/store_files.h"
#include "images/store_folders.h"
#include "images/store_leases.h"
#include "images/store_names.h"
#include "images/store_sources.h"
#include "images/store_staging.h"
#include "images/store_sweep.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

constexpr std::int64_t kImportLease_s = 3600;  // until whoever imported it has a lease of its own, or a name

/// Rename that replaces nothing: a job on another node may have the file open that it would replace.
/// Returns     false where there is one already
bool rename_into_place(int staging, const std::string& from, int images, const std::string& to) {
  if (::renameat2(staging, from.c_str(), images, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) throw Error(errno, "rename '" + to + "'");
  if (::linkat(staging, from.c_str(), images, to.c_str(), 0) == 0) return true;  // NFS has no such rename
  if (errno == EEXIST) return false;
  check(::renameat(staging, from.c_str(), images, to.c_str()), "rename", to);  // and others have no links
  return true;
}

/// Put the staged file in its place, unless the store has the same bytes already. One that is there and
/// shorter was cut short by a crash.
void publish(int staging, const Staged& staged, int images, const std::string& digest, std::uint64_t size) {
  const std::string file = file_of(digest);
  const auto old = record_of(images, digest);
  if (old && old->size_bytes == size) return;
  if (old)
    check(::renameat(staging, staged.name.c_str(), images, file.c_str()), "rename", file);
  else
    rename_into_place(staging, staged.name, images, file);
  check(::fsync(images), "fsync", kImagesFolder);
}

/// Somebody may have removed it by hand in the meantime; a collector would have seen our lease.
ImageRecord record_or_refuse(const Store& store, const std::string& digest) {
  std::optional<ImageRecord> record = store.find(digest);
  if (!record) throw Refused("the image " + digest + " was removed from the store as soon as it was there");
  return *record;
}

}  // namespace

ImageRecord Store::import(const Reference& source, int dir_fd, const ImportOptions& options,
                          const std::string& name, Progress* progress, ImportResult* result) {
  const std::string known_as = name.empty() ? "" : canonical_name(name);  // a mistake is told before the work
  const UniqueFd staging = open_folder(fd(), "staging", true);
  const UniqueFd images = open_folder(fd(), kImagesFolder, true);
  const Staged staged = stage(staging.get());
  try {
    reclaim_staging(staging.get(), file_system_now(staged));
    sweep_going(*this, file_system_now(staged), nullptr);
    ImportResult imported = import_image(source, dir_fd, options, staged.fd.get(), progress);
    check(::fchmod(staged.fd.get(), 0444), "fchmod");
    check(::fsync(staged.fd.get()), "fsync", "staging/" + staged.name);
    const std::string digest = sha256_of_file(staged.fd.get());
    take_lease(*this, digest, user_holder(), kImportLease_s);  // before looking whether it is there
    {
      const UniqueFd lock = lock_store(fd());
      publish(staging.get(), staged, images.get(), digest, imported.size_bytes);
      if (!known_as.empty()) write_name(fd(), known_as, digest);
    }
    ::unlinkat(staging.get(), staged.name.c_str(), 0);  // ENOENT when it was published: fine
    write_source(*this, digest,
                 {source.text, imported.manifest.empty() ? "" : imported.source_digest, imported.manifest,
                  imported.config, file_system_now(staged)});
    if (result != nullptr) *result = std::move(imported);
    return record_or_refuse(*this, digest);
  } catch (...) {
    ::unlinkat(staging.get(), staged.name.c_str(), 0);
    throw;
  }
}

}  // namespace sabot::images
