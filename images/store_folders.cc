// SPDX-License-Identifier: Apache-2.0
// store_folders.cc: see store_folders.h.
#include "images/store_folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "images/reference.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::size_t kNameFileBytes = 128;

int open_directory(int at, const std::string& name) {
  return ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

UniqueFd open_component(int at, const std::string& name, bool make) {
  if (make && ::mkdirat(at, name.c_str(), 0755) == -1 && errno != EEXIST)
    throw Error(errno, "mkdir '" + name + "'");
  UniqueFd fd{check(open_directory(at, name), "open", name)};
  refuse_foreign(fd.get(), "'" + name + "' of the image store");
  return fd;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}

std::string random_name() {
  static constexpr char kHex[] = "0123456789abcdef";
  unsigned char raw[16];
  check(::getrandom(raw, sizeof raw, 0), "getrandom");
  std::string name;
  for (const unsigned char byte : raw) name += {kHex[byte >> 4], kHex[byte & 15]};
  return name;
}

}  // namespace

void refuse_foreign(int fd, const std::string& what) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat", what);
  if (st.st_uid != ::geteuid() && st.st_uid != 0)
    throw Refused(what + " belongs to user " + std::to_string(st.st_uid) + ", who could change images in it");
  const bool others_write = (st.st_mode & 022) != 0;
  const bool site_owned = st.st_uid == 0 && (st.st_mode & S_ISVTX) != 0;
  if (others_write && !site_owned) throw Refused(what + " can be written by others; chmod go-w it");
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

Staged stage(int staging) {
  for (;;) {
    Staged staged;
    staged.name = random_name();
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    staged.fd = UniqueFd{
        check(::openat(staging, staged.name.c_str(), flags, 0600), "create", "staging/" + staged.name)};
    // Waiting: who reclaims may hold the lock just now, and is about to remove the file.
    while (::flock(staged.fd.get(), LOCK_EX) == -1 && errno == EINTR) {
    }
    struct stat st {};
    check(::fstat(staged.fd.get(), &st), "fstat");
    if (st.st_nlink > 0) return staged;  // else it was reclaimed between its creation and its lock
  }
}

void reclaim_staging(int staging) {
  for (const std::string& name : list_folder(staging)) {
    const UniqueFd fd{::openat(staging, name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) ::unlinkat(staging, name.c_str(), 0);
  }
}

std::string encode_name(const std::string& name) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string file;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(c) && !(c == '.' && file.empty())) {
      file += c;
    } else {
      file += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return file;
}

std::optional<std::string> decode_name(const std::string& file) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string name;
  for (std::size_t i = 0; i < file.size(); ++i) {
    if (file[i] != '%') {
      name += file[i];
      continue;
    }
    const int high = i + 1 < file.size() ? digit(file[i + 1]) : -1;
    const int low = i + 2 < file.size() ? digit(file[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    name += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (encode_name(name) != file) return std::nullopt;
  return name;
}

std::optional<std::string> read_name(int names, const std::string& name) {
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const UniqueFd fd{::openat(names, encode_name(name).c_str(), flags)};
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ELOOP) return std::nullopt;
    throw Error(errno, "open 'names/" + encode_name(name) + "'");
  }
  std::string digest = read_all(fd.get(), kNameFileBytes);
  while (digest.ends_with('\n')) digest.pop_back();
  if (!is_sha256_digest(digest)) return std::nullopt;
  return digest;
}

void write_name(int root, const std::string& name, const std::string& digest) {
  const UniqueFd staging = open_folder(root, "staging", true);
  const UniqueFd names = open_folder(root, "names", true);
  const Staged staged = stage(staging.get());
  write_all(staged.fd.get(), digest + "\n");
  check(::fchmod(staged.fd.get(), 0644), "fchmod");
  check(::fsync(staged.fd.get()), "fsync", name);
  const std::string file = encode_name(name);
  check(::renameat(staging.get(), staged.name.c_str(), names.get(), file.c_str()), "rename", "names/" + file);
  check(::fsync(names.get()), "fsync", "names");
}

std::map<std::string, std::vector<std::string>> read_all_names(int root) {
  std::map<std::string, std::vector<std::string>> all;
  const UniqueFd names = open_folder(root, "names", false);
  for (const std::string& file : list_folder(names.get())) {
    const auto name = decode_name(file);
    const auto digest = name ? read_name(names.get(), *name) : std::nullopt;
    if (digest) all[*digest].push_back(*name);
  }
  for (auto& [digest, list] : all) std::sort(list.begin(), list.end());
  return all;
}

}  // namespace sabot::images
