// SPDX-License-Identifier: Apache-2.0
// profile_file.cc: see profile_file.h. As the user, in a directory of the user's alone: nobody else's file
// is followed, created or read.
#include "profile_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <exception>
#include <memory>

namespace sabot {
namespace {

constexpr unsigned kProfilesMax = 200;  // the oldest makes room: at most 40 MB in all

bool is_ours(int fd, mode_t type) {
  struct stat st {};
  return ::fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == ::geteuid() &&
         (st.st_mode & 022) == 0;
}

UniqueFd open_owned(const std::string& path) {
  UniqueFd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  return directory.valid() && is_ours(directory.get(), S_IFDIR) ? std::move(directory) : UniqueFd{};
}

// Beside the images where the store is the user's own; a site's store may be shared, and is not written.
std::string profile_directory(const std::string& store, bool make) {
  if (open_owned(store).valid()) return store + "/profiles";
  const passwd* user = ::getpwuid(::geteuid());  // the environment here is neither the job's nor the user's
  if (user == nullptr || user->pw_dir[0] != '/') return "";
  std::string path = user->pw_dir;
  for (const char* below : {"/.cache", "/sabot"}) {
    path += below;
    if (make) ::mkdir(path.c_str(), 0700);
  }
  return path + "/profiles";
}

// A digest says which image it is; else what the file system says of the file, alike on all nodes.
std::string name_of(const std::string& image, int image_fd) {
  if (image.starts_with("sha256:")) return image.substr(7);
  struct stat st {};
  if (::fstat(image_fd, &st) != 0) return "";
  return "file-" + std::to_string(st.st_ino) + "-" + std::to_string(st.st_size) + "-" +
         std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec);
}

void make_room(int directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(
      ::fdopendir(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), &::closedir);
  if (!listing) return;
  unsigned profiles = 0;
  std::string oldest;
  time_t oldest_time = 0;
  while (const dirent* entry = ::readdir(listing.get())) {
    struct stat st {};
    if (::fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) continue;
    if (profiles++ == 0 || st.st_mtime < oldest_time) {
      oldest = entry->d_name;
      oldest_time = st.st_mtime;
    }
  }
  if (profiles >= kProfilesMax) ::unlinkat(directory, oldest.c_str(), 0);
}

UniqueFd open_file(int directory, const std::string& name, int flags) {
  UniqueFd file{::openat(directory, name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)};
  return file.valid() && is_ours(file.get(), S_IFREG) ? std::move(file) : UniqueFd{};
}

// JOB.STEP.NODE or run.PID: a thousand nodes need not write what one can.
bool may_write(const std::string& pod) { return pod.starts_with("run.") || pod.ends_with(".0"); }

}  // namespace

UniqueFd open_profile(const std::string& store, const std::string& image, int image_fd,
                      const std::string& pod) noexcept try {
  const std::string name = name_of(image, image_fd);
  const std::string path = profile_directory(store, may_write(pod));
  if (may_write(pod) && !path.empty()) ::mkdir(path.c_str(), 0700);
  const UniqueFd directory = open_owned(path);
  if (name.empty() || !directory.valid()) return {};
  if (may_write(pod)) {
    UniqueFd file = open_file(directory.get(), name, O_RDWR);
    if (!file.valid() && errno == ENOENT) {
      make_room(directory.get());
      file = open_file(directory.get(), name, O_RDWR | O_CREAT);
    }
    if (file.valid() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  }
  return open_file(directory.get(), name, O_RDONLY);
} catch (const std::exception&) {
  return {};
}

}  // namespace sabot
