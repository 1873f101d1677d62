// SPDX-License-Identifier: Apache-2.0
// store_folders.cc: see store_folders.h.
#include "images/store_folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "sys/error.h"

namespace sabot::images {
namespace {

int open_directory(int at, const std::string& name) {
  return ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

UniqueFd open_component(int at, const std::string& name, bool make) {
  if (make && ::mkdirat(at, name.c_str(), 0755) == -1 && errno != EEXIST)
    throw Error(errno, "mkdir '" + name + "'");
  UniqueFd fd{check(open_directory(at, name), "open", name)};
  struct stat st {};
  check(::fstat(at, &st), "fstat", name);
  refuse_foreign(fd.get(), "'" + name + "' of the image store", st.st_uid);
  return fd;
}

}  // namespace

void refuse_foreign(int fd, const std::string& what, uid_t trusted) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat", what);
  if (st.st_uid != ::geteuid() && st.st_uid != 0 && st.st_uid != trusted)
    throw Refused(what + " belongs to user " + std::to_string(st.st_uid) + ", who could change images in it");
  if ((st.st_mode & 022) != 0) throw Refused(what + " can be written by others; chmod go-w it");
}

UniqueFd open_folder(int root, const std::string& path, bool make) {
  const std::size_t slash = path.find('/');
  UniqueFd at = open_component(root, path.substr(0, slash), make);
  return slash == std::string::npos ? std::move(at) : open_folder(at.get(), path.substr(slash + 1), make);
}

std::vector<std::string> list_folder(int fd) {
  UniqueFd again{check(open_directory(fd, "."), "open", ".")};
  DIR* opened = ::fdopendir(again.get());
  if (opened == nullptr) throw Error(errno, "fdopendir");
  static_cast<void>(again.release());
  const std::unique_ptr<DIR, int (*)(DIR*)> stream{opened, ::closedir};
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  if (errno != 0) throw Error(errno, "readdir");
  std::sort(names.begin(), names.end());
  return names;
}

UniqueFd lock_store(int root) {
  UniqueFd fd{check(::openat(root, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644), "open", "lock")};
  while (::flock(fd.get(), LOCK_EX) == -1 && errno == EINTR) {
  }
  return fd;
}

}  // namespace sabot::images
