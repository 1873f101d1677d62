// SPDX-License-Identifier: Apache-2.0
// store.cc: see store.h: finding, listing, removing. Not here: importing (store_import.cc), which alone needs
// the libraries that read other kinds of images; what only launches an image does not load them.
#include "images/store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "images/store_files.h"
#include "images/store_folders.h"
#include "images/store_gc.h"
#include "images/store_leases.h"
#include "images/store_names.h"
#include "images/store_sweep.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::size_t kShortestPrefix = 4;

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

/// While a collector has an image set aside to look at its leases, it is neither there nor gone.
bool is_set_aside(int root, const std::string& digest) {
  const auto going = folder_if_there(root, kGoingFolder);
  if (!going) return false;
  const std::vector<std::string> aside = list_folder(going->get());
  return std::any_of(aside.begin(), aside.end(),
                     [&](const std::string& file) { return file.starts_with(digest.substr(7) + "."); });
}

/// What `look` finds, once no collector is just looking at the image.
template <class Look>
auto settled(int root, const std::string& digest, Look look) {
  constexpr int kLooks = 200;  // of 10 ms: a collector holds an image for less than one
  auto found = look();
  for (int i = 0; i < kLooks && !found && is_set_aside(root, digest); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    found = look();
  }
  return found ? found : look();  // it may have come back between the two looks of the last turn
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

std::optional<ImageRecord> Store::find(const std::string& what) const {
  const auto images = folder_if_there(fd(), kImagesFolder);
  const auto names = folder_if_there(fd(), "names");
  if (!images || !names) return std::nullopt;
  std::optional<std::string> digest;
  if (const auto name = as_name(what)) digest = read_name(names->get(), *name);
  if (!digest) digest = digest_by_prefix(images->get(), what);
  if (!digest) return std::nullopt;
  std::optional<ImageRecord> record =
      settled(fd(), *digest, [&] { return record_of(images->get(), *digest); });
  if (record) record->names = read_all_names(fd())[*digest];
  return record;
}

UniqueFd Store::open_image(const std::string& digest) const {
  const UniqueFd images = open_folder(fd(), kImagesFolder, false);
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  int opened = -1;
  settled(fd(), digest,
          [&] { return (opened = ::openat(images.get(), file_of(digest).c_str(), flags)) >= 0; });
  UniqueFd image{check(opened, "open image", digest)};
  struct stat st {};
  check(::fstat(image.get(), &st), "fstat", digest);
  if (!S_ISREG(st.st_mode)) throw Refused("the image " + digest + " in the store is not a regular file");
  struct stat folder {};
  check(::fstat(images.get(), &folder), "fstat", kImagesFolder);
  refuse_foreign(image.get(), "the image " + digest + " in the store", folder.st_uid);
  return image;
}

std::vector<ImageRecord> Store::list() const {
  const auto images = folder_if_there(fd(), kImagesFolder);
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

std::vector<std::string> Store::remove(const std::string& what, bool forced) {
  const auto name = as_name(what);
  std::optional<std::string> digest;
  bool by_name = false;
  {
    const UniqueFd images = open_folder(fd(), kImagesFolder, true);
    const UniqueFd names = open_folder(fd(), "names", true);
    const UniqueFd lock = lock_store(fd());
    digest = name ? read_name(names.get(), *name) : std::nullopt;
    by_name = digest.has_value();
    if (!digest) digest = digest_by_prefix(images.get(), what);
    if (!digest) throw Refused("the store has no image '" + printable(what) + "'");
    if (by_name && read_all_names(fd())[*digest].size() > 1) {
      check(::unlinkat(names.get(), encode_name(*name).c_str(), 0), "unlink", "names/" + encode_name(*name));
      return {};
    }
  }
  const std::string stays = remove_unless_needed(*this, *digest, {nullptr, forced ? "ujp" : "u", false});
  if (!stays.empty())
    throw Refused("the image '" + printable(what) + "' is " + stays + "; rm --force removes it all the same");
  return {*digest};
}

void Store::set_name(const std::string& name, const std::string& digest) {
  const std::string known_as = canonical_name(name);
  const UniqueFd images = open_folder(fd(), kImagesFolder, true);
  const UniqueFd lock = lock_store(fd());
  if (!record_of(images.get(), digest)) throw Refused("the store has no image '" + printable(digest) + "'");
  write_name(fd(), known_as, digest);
}

Store open_existing_store(const std::string& path) { return open_at(open_root(path), path); }

Store open_site_store(const std::string& path) {
  UniqueFd root = open_root(path);
  struct stat st {};
  check(::fstat(root.get(), &st), "fstat", path);
  refuse_foreign(root.get(), "the site's image store '" + printable(path) + "'", st.st_uid);
  return Store(std::move(root));
}

Store open_store(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == -1 && errno != EEXIST)
    throw Error(errno, "make image store '" + printable(path) + "'");
  Store store = open_existing_store(path);
  struct stat st {};
  check(::fstat(store.fd(), &st), "fstat", path);
  if (st.st_uid != ::geteuid()) return store;
  for (const char* folder : {kImagesFolder, "names", "staging"}) open_folder(store.fd(), folder, true);
  make_leases_folder(store, (st.st_mode & S_IXOTH) != 0);
  return store;
}

}  // namespace sabot::images
