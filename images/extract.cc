// SPDX-License-Identifier: Apache-2.0
// extract.cc: see extract.h. Every name is opened below the descriptor of its parent, which is resolved
// inside the new directory alone (openat2), and created exclusively.
#include "images/extract.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "images/image_walk.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr mode_t kKeptMode = 01777;  // set-id bits would be the caller's, not the image's

struct Times {
  explicit Times(const Inode& inode) : both{{inode.mtime_s, 0}, {inode.mtime_s, 0}} {}
  timespec both[2];
};

class Extraction {
 public:
  explicit Extraction(const std::string& directory) {
    check(::mkdir(directory.c_str(), 0700), "mkdir", printable(directory));
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    root_ = UniqueFd{check(::open(directory.c_str(), flags), "open", printable(directory))};
  }

  void add(const ImageEntry& entry, const ReadContent& content) {
    ++result.entries;
    if (entry.path.empty()) {
      directories_.push_back({"", *entry.inode});
      return;
    }
    const std::size_t slash = entry.path.rfind('/');
    enter(slash == entry.path.npos ? "" : entry.path.substr(0, slash));
    const std::string name = entry.path.substr(slash == entry.path.npos ? 0 : slash + 1);
    if (entry.link.empty()) {
      make(entry, name, content);
    } else {
      link(entry.link, name);
    }
  }

  // Only now: a directory that cannot be written could not have been filled.
  void finish() {
    for (auto it = directories_.rbegin(); it != directories_.rend(); ++it) {
      const UniqueFd fd = it->first.empty()
                              ? UniqueFd{check(::dup(root_.get()), "dup")}
                              : open_in_root(root_.get(), it->first, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      set_xattrs(fd.get(), it->second);
      check(::fchmod(fd.get(), it->second.mode & kKeptMode), "chmod", printable(it->first));
      check(::futimens(fd.get(), Times(it->second).both), "set times", printable(it->first));
    }
  }

  Extracted result;

 private:
  void enter(const std::string& path) {
    if (path == parent_path_ && parent_.valid()) return;
    parent_ = path.empty() ? UniqueFd{check(::fcntl(root_.get(), F_DUPFD_CLOEXEC, 0), "dup")}
                           : open_in_root(root_.get(), path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    parent_path_ = path;
  }

  void make(const ImageEntry& entry, const std::string& name, const ReadContent& content) {
    const Inode& inode = *entry.inode;
    const char* const file = name.c_str();
    switch (inode.type) {
      case FileType::directory:
        check(::mkdirat(parent_.get(), file, 0700), "mkdir", printable(entry.path));
        directories_.push_back({entry.path, inode});
        return;
      case FileType::regular:
        write_file(entry, name, content);
        return;
      case FileType::symlink:
        check(::symlinkat(inode.target.c_str(), parent_.get(), file), "symlink", printable(entry.path));
        break;
      case FileType::fifo:
        check(::mkfifoat(parent_.get(), file, inode.mode & kKeptMode), "mkfifo", printable(entry.path));
        break;
    }
    check(::utimensat(parent_.get(), file, Times(inode).both, AT_SYMLINK_NOFOLLOW), "set times",
          printable(entry.path));
  }

  void write_file(const ImageEntry& entry, const std::string& name, const ReadContent& content) {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const UniqueFd fd{
        check(::openat(parent_.get(), name.c_str(), flags, 0600), "create", printable(entry.path))};
    content([&](std::span<const std::uint8_t> bytes) {
      const bool hole = std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
      if (hole)
        check(::lseek(fd.get(), static_cast<off_t>(bytes.size()), SEEK_CUR), "lseek");
      else
        write_all(fd.get(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    });
    check(::ftruncate(fd.get(), static_cast<off_t>(entry.inode->size_bytes)), "ftruncate",
          printable(entry.path));
    set_xattrs(fd.get(), *entry.inode);
    check(::fchmod(fd.get(), entry.inode->mode & kKeptMode), "chmod", printable(entry.path));
    check(::futimens(fd.get(), Times(*entry.inode).both), "set times", printable(entry.path));
  }

  void link(const std::string& first, const std::string& name) {
    const std::size_t slash = first.rfind('/');
    const UniqueFd from = open_in_root(root_.get(), slash == first.npos ? "." : first.substr(0, slash),
                                       O_PATH | O_DIRECTORY | O_CLOEXEC);
    const std::string old = first.substr(slash == first.npos ? 0 : slash + 1);
    check(::linkat(from.get(), old.c_str(), parent_.get(), name.c_str(), 0), "link", printable(name));
  }

  void set_xattrs(int fd, const Inode& inode) {
    for (const Xattr& xattr : inode.xattrs)
      if (!xattr.name.starts_with("user.") ||
          ::fsetxattr(fd, xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0) == -1)
        ++result.lost_xattrs;
  }

  UniqueFd root_;
  UniqueFd parent_;
  std::string parent_path_;
  std::vector<std::pair<std::string, Inode>> directories_;
};

}  // namespace

Extracted extract_image(int fd, const std::string& directory) {
  Context doing{"extract to " + printable(directory)};
  Extraction extraction(directory);
  extraction.result.passed_over = walk_image(
      fd, [&](const ImageEntry& entry, const ReadContent& content) { extraction.add(entry, content); });
  extraction.finish();
  return extraction.result;
}

}  // namespace sabot::images
