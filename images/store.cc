// SPDX-License-Identifier: Apache-2.0
// store.cc: see store.h. An image is published by one rename, after its bytes are on the disk.
#include "images/store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "images/digest.h"
#include "images/store_folders.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr const char* kImages = "images/sha256";
constexpr std::string_view kSuffix = ".squashfs";
constexpr std::size_t kShortestPrefix = 4;

std::string file_of(const std::string& digest) {
  if (!is_sha256_digest(digest)) throw Refused("'" + printable(digest) + "' is not a digest");
  return digest.substr(7).append(kSuffix);
}

/// The digest an image's file name holds; empty for anything else in the folder.
std::string digest_of(const std::string& file) {
  if (!file.ends_with(kSuffix)) return {};
  std::string digest = "sha256:" + file.substr(0, file.size() - kSuffix.size());
  return is_sha256_digest(digest) ? digest : std::string{};
}

bool is_prefix(std::string_view what) {
  return what.size() >= kShortestPrefix && what.size() <= 64 &&
         what.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<std::string> as_name(const std::string& what) {
  try {
    return canonical_name(what);
  } catch (const Refused&) {
    return std::nullopt;
  }
}

std::optional<ImageRecord> record_of(int images, const std::string& digest) {
  struct stat st {};
  if (::fstatat(images, file_of(digest).c_str(), &st, AT_SYMLINK_NOFOLLOW) == -1) {
    if (errno == ENOENT) return std::nullopt;
    throw Error(errno, "stat '" + digest + "'");
  }
  if (!S_ISREG(st.st_mode)) return std::nullopt;
  return ImageRecord{digest, static_cast<std::uint64_t>(st.st_size), st.st_mtim.tv_sec, {}};
}

std::optional<std::string> digest_by_prefix(int images, const std::string& what) {
  const std::string hex = what.starts_with("sha256:") ? what.substr(7) : what;
  if (!is_prefix(hex)) return std::nullopt;
  std::optional<std::string> found;
  for (const std::string& file : list_folder(images)) {
    const std::string digest = digest_of(file);
    if (digest.empty() || !file.starts_with(hex)) continue;
    if (found) throw Refused("'" + what + "' is the beginning of several digests; give more of it");
    found = digest;
  }
  return found;
}

/// Reading a site's store that nobody has imported into finds nothing, which is no failure.
std::optional<UniqueFd> folder_if_there(int root, const char* path) {
  try {
    return open_folder(root, path, false);
  } catch (const Error& e) {
    if (e.code().value() == ENOENT) return std::nullopt;
    throw;
  }
}

/// Put the staged file in its place, or drop it where the store has the same bytes already.
void publish(int staging, const Staged& staged, int images, const std::string& digest, std::uint64_t size) {
  const std::string file = file_of(digest);
  const auto old = record_of(images, digest);
  if (old && old->size_bytes == size) {
    check(::unlinkat(staging, staged.name.c_str(), 0), "unlink", "staging/" + staged.name);
    return;
  }
  check(::renameat(staging, staged.name.c_str(), images, file.c_str()), "rename", file);
  check(::fsync(images), "fsync", kImages);
}

Store open_at(UniqueFd root, const std::string& path) {
  refuse_foreign(root.get(), "the image store '" + printable(path) + "'");
  return Store(std::move(root));
}

UniqueFd open_root(const std::string& path) {
  return UniqueFd{
      check(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open image store", printable(path))};
}

}  // namespace

ImageRecord Store::import(const Reference& source, int dir_fd, const ImportOptions& options,
                          const std::string& name, Progress* progress, ImportResult* result) {
  const std::string known_as = name.empty() ? "" : canonical_name(name);  // a mistake is told before the work
  const UniqueFd staging = open_folder(fd(), "staging", true);
  const UniqueFd images = open_folder(fd(), kImages, true);
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

std::optional<ImageRecord> Store::find(const std::string& what) const {
  const auto images = folder_if_there(fd(), kImages);
  const auto names = folder_if_there(fd(), "names");
  if (!images || !names) return std::nullopt;
  std::optional<std::string> digest;
  if (const auto name = as_name(what)) digest = read_name(names->get(), *name);
  if (!digest) digest = digest_by_prefix(images->get(), what);
  if (!digest) return std::nullopt;
  std::optional<ImageRecord> record = record_of(images->get(), *digest);
  if (record) record->names = read_all_names(fd())[*digest];
  return record;
}

UniqueFd Store::open_image(const std::string& digest) const {
  const UniqueFd images = open_folder(fd(), kImages, false);
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  UniqueFd image{check(::openat(images.get(), file_of(digest).c_str(), flags), "open image", digest)};
  struct stat st {};
  check(::fstat(image.get(), &st), "fstat", digest);
  if (!S_ISREG(st.st_mode)) throw Refused("the image " + digest + " in the store is not a regular file");
  return image;
}

std::vector<ImageRecord> Store::list() const {
  const auto images = folder_if_there(fd(), kImages);
  if (!images || !folder_if_there(fd(), "names")) return {};
  auto names = read_all_names(fd());
  std::vector<ImageRecord> records;
  for (const std::string& file : list_folder(images->get())) {
    const std::string digest = digest_of(file);
    auto record = digest.empty() ? std::nullopt : record_of(images->get(), digest);
    if (!record) continue;
    record->names = names[digest];
    records.push_back(std::move(*record));
  }
  return records;
}

std::vector<std::string> Store::remove(const std::string& what) {
  const UniqueFd images = open_folder(fd(), kImages, true);
  const UniqueFd names = open_folder(fd(), "names", true);
  const UniqueFd lock = lock_store(fd());
  const auto name = as_name(what);
  const auto named = name ? read_name(names.get(), *name) : std::nullopt;
  const auto digest = named ? named : digest_by_prefix(images.get(), what);
  if (!digest) throw Refused("the store has no image '" + printable(what) + "'");
  std::vector<std::string> going = read_all_names(fd())[*digest];
  const bool last = !named || going.size() <= 1;
  if (named) going = {*name};
  for (const std::string& each : going)
    check(::unlinkat(names.get(), encode_name(each).c_str(), 0), "unlink", "names/" + encode_name(each));
  if (!last) return {};
  if (::unlinkat(images.get(), file_of(*digest).c_str(), 0) == -1 && errno != ENOENT)
    throw Error(errno, "unlink '" + *digest + "'");
  return {*digest};
}

void Store::set_name(const std::string& name, const std::string& digest) {
  const std::string known_as = canonical_name(name);
  const UniqueFd images = open_folder(fd(), kImages, true);
  const UniqueFd lock = lock_store(fd());
  if (!record_of(images.get(), digest)) throw Refused("the store has no image '" + printable(digest) + "'");
  write_name(fd(), known_as, digest);
}

Store open_existing_store(const std::string& path) { return open_at(open_root(path), path); }

Store open_store(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == -1 && errno != EEXIST)
    throw Error(errno, "make image store '" + printable(path) + "'");
  UniqueFd root = open_root(path);
  struct stat st {};
  check(::fstat(root.get(), &st), "fstat", path);
  refuse_foreign(root.get(), "the image store '" + printable(path) + "'");
  if (st.st_uid == ::geteuid())
    for (const char* folder : {kImages, "names", "staging"}) open_folder(root.get(), folder, true);
  return Store(std::move(root));
}

}  // namespace sabot::images
