// SPDX-License-Identifier: Apache-2.0
// directory_import.cc: see directory_import.h.
#include "images/directory_import.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "images/limits.h"
#include "images/squashfs_file.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

std::string quoted(std::string_view name) { return "'" + printable(name) + "'"; }

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::vector<std::string> sorted_names(int directory) {
  UniqueFd again{check(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open", ".")};
  const std::unique_ptr<DIR, CloseDirectory> stream{::fdopendir(again.get())};
  if (!stream) throw Error(errno, "fdopendir");
  static_cast<void>(again.release());  // the stream closes it
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) throw Error(errno, "readdir");
  std::sort(names.begin(), names.end());
  return names;
}

/// `list` and `get` are f*xattr or l*xattr on one object, as listxattr(2) and getxattr(2) mean them.
std::vector<Xattr> read_xattrs(const std::function<ssize_t(char*, std::size_t)>& list,
                               const std::function<ssize_t(const char*, void*, std::size_t)>& get) {
  std::vector<Xattr> xattrs;
  std::string names(kMaxXattrBytes, '\0');
  const ssize_t listed = list(names.data(), names.size());
  if (listed == -1 && (errno == ENOTSUP || errno == EPERM)) return xattrs;
  names.resize(static_cast<std::size_t>(check(listed, "listxattr")));
  std::string value(kMaxXattrBytes, '\0');
  for (std::size_t at = 0; at < names.size();) {
    const char* name = names.c_str() + at;
    at += std::string_view(name).size() + 1;
    const ssize_t size = get(name, value.data(), value.size());
    if (size == -1 && (errno == ENODATA || errno == ENOTSUP || errno == EPERM)) continue;
    check(size, "getxattr", name);
    xattrs.push_back({name, value.substr(0, static_cast<std::size_t>(size))});
  }
  std::sort(xattrs.begin(), xattrs.end(), [](const Xattr& a, const Xattr& b) { return a.name < b.name; });
  return xattrs;
}

std::vector<Xattr> xattrs_of_fd(int fd) {
  return read_xattrs(
      [&](char* into, std::size_t room) { return ::flistxattr(fd, into, room); },
      [&](const char* name, void* into, std::size_t room) { return ::fgetxattr(fd, name, into, room); });
}

/// Of what must not be opened: a symlink, a FIFO. The path leads through our descriptor to one name in it.
std::vector<Xattr> xattrs_of_name(int directory, const std::string& name) {
  const std::string path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
  return read_xattrs([&](char* into, std::size_t room) { return ::llistxattr(path.c_str(), into, room); },
                     [&](const char* attribute, void* into, std::size_t room) {
                       return ::lgetxattr(path.c_str(), attribute, into, room);
                     });
}

class Walk {
 public:
  Walk(int out_fd, std::uint64_t max_bytes, Collected& collected, SquashfsWriter& writer, Progress* progress)
      : left_bytes_(max_bytes), collected_(collected), writer_(writer), progress_(progress), block_(1 << 20) {
    check(::fstat(out_fd, &out_), "fstat", "the image being written");
  }

  std::vector<LayerEntry> run(int root) {
    struct stat st {};
    check(::fstat(root, &st), "fstat");
    device_ = st.st_dev;
    Inode* inode = inode_of(st, FileType::directory);
    inode->xattrs = usable_xattrs(xattrs_of_fd(root), "/", collected_.notes);
    entries_.push_back({LayerEntry::Kind::inode, "", {}, inode});
    walk(root, "", 0);
    return std::move(entries_);
  }

 private:
  void walk(int directory, const std::string& prefix, std::size_t depth) {
    if (depth >= kMaxWalkDepth) throw Refused(quoted(prefix) + " is more than 256 directories deep");
    for (const std::string& name : sorted_names(directory)) visit(directory, name, prefix + name, depth);
  }

  void visit(int directory, const std::string& name, const std::string& path, std::size_t depth) {
    struct stat st {};
    check(::fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW), "stat", printable(path));
    if (path.size() > kMaxPathBytes)
      throw Refused(quoted(path.substr(0, 200)) + "... is longer than 4096 bytes");
    if (st.st_dev == out_.st_dev && st.st_ino == out_.st_ino) return;
    if (st.st_nlink > 1 && !S_ISDIR(st.st_mode) && add_known(st, path)) return;
    if (S_ISREG(st.st_mode)) {
      add_regular(directory, name, path);
    } else if (S_ISDIR(st.st_mode)) {
      add_directory(directory, name, path, depth);
    } else if (S_ISLNK(st.st_mode)) {
      add_symlink(directory, name, path, st);
    } else if (S_ISFIFO(st.st_mode)) {
      add(path, st, FileType::fifo, xattrs_of_name(directory, name));
    } else {
      collected_.notes.add_each(quoted(path), kLeftOut);
    }
  }

  bool add_known(const struct stat& st, const std::string& path) {
    const auto known = hard_links_.find({st.st_dev, st.st_ino});
    if (known == hard_links_.end()) return false;
    entries_.push_back({LayerEntry::Kind::inode, path, {}, known->second});
    return true;
  }

  Inode* inode_of(const struct stat& st, FileType type) {
    Inode* inode = collected_.tree.new_inode();
    inode->type = type;
    inode->mode = static_cast<std::uint16_t>(st.st_mode & 07777);
    inode->uid = st.st_uid;
    inode->gid = st.st_gid;
    inode->mtime_s = squashfs_time(st.st_mtim.tv_sec);
    return inode;
  }

  Inode* add(const std::string& path, const struct stat& st, FileType type, std::vector<Xattr> xattrs) {
    Inode* inode = inode_of(st, type);
    inode->xattrs = usable_xattrs(std::move(xattrs), path, collected_.notes);
    entries_.push_back({LayerEntry::Kind::inode, path, {}, inode});
    if (st.st_nlink > 1 && type != FileType::directory) hard_links_[{st.st_dev, st.st_ino}] = inode;
    return inode;
  }

  void add_symlink(int directory, const std::string& name, const std::string& path, const struct stat& st) {
    std::string target(kMaxPathBytes, '\0');
    const ssize_t bytes = ::readlinkat(directory, name.c_str(), target.data(), target.size());
    target.resize(static_cast<std::size_t>(check(bytes, "readlink", printable(path))));
    if (target.empty() || target.size() >= kMaxPathBytes)
      throw Refused(quoted(path) + " has no usable target");
    add(path, st, FileType::symlink, xattrs_of_name(directory, name))->target = target;
  }

  void add_directory(int parent, const std::string& name, const std::string& path, std::size_t depth) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    const UniqueFd fd{check(::openat(parent, name.c_str(), flags), "open", printable(path))};
    struct stat st {};
    check(::fstat(fd.get(), &st), "fstat", printable(path));
    add(path, st, FileType::directory, xattrs_of_fd(fd.get()));
    if (st.st_dev != device_) {
      collected_.notes.add(quoted(path) + " is another file system; it is empty in the image");
      return;
    }
    walk(fd.get(), path + "/", depth + 1);
  }

  void add_regular(int directory, const std::string& name, const std::string& path) {
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    const UniqueFd fd{check(::openat(directory, name.c_str(), flags), "open", printable(path))};
    struct stat st {};
    check(::fstat(fd.get(), &st), "fstat", printable(path));
    if (!S_ISREG(st.st_mode)) throw Refused(quoted(path) + " changed while it was read");
    Inode* inode = add(path, st, FileType::regular, xattrs_of_fd(fd.get()));
    inode->size_bytes = static_cast<std::uint64_t>(st.st_size);
    if (inode->size_bytes > left_bytes_) throw Refused("more bytes in the directory than the limit allows");
    left_bytes_ -= inode->size_bytes;
    if (inode->size_bytes == 0) return;
    std::string* keep = nullptr;
    if (path == kLaunchConfigPath && inode->size_bytes <= kJsonBytes) keep = &collected_.kept_configs[inode];
    inode->data = writer_.begin_file();
    copy(fd.get(), inode->size_bytes, path, keep);
    writer_.end_file();
    refuse_change(fd.get(), st, path);
  }

  static void refuse_change(int fd, const struct stat& before, const std::string& path) {
    struct stat after {};
    check(::fstat(fd, &after), "fstat", printable(path));
    if (after.st_size != before.st_size || after.st_mtim.tv_sec != before.st_mtim.tv_sec ||
        after.st_mtim.tv_nsec != before.st_mtim.tv_nsec)
      throw Refused(quoted(path) + " changed while it was read");
  }

  /// Data and holes (lseek(2)); a file system without SEEK_DATA says that all is data.
  void copy(int fd, std::uint64_t size, const std::string& path, std::string* keep) {
    std::uint64_t at = 0;
    std::uint64_t data_end = 0;
    while (at < size) {
      if (at >= data_end) {
        const std::uint64_t data = next_data(fd, at, size);
        writer_.append_zeros(data - at);
        at = data;
        const off_t hole = ::lseek(fd, static_cast<off_t>(at), SEEK_HOLE);
        data_end = hole == -1 ? size : std::min<std::uint64_t>(static_cast<std::uint64_t>(hole), size);
        if (at >= size) break;
      }
      const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block_.size(), size - at));
      const ssize_t got = ::pread(fd, block_.data(), wanted, static_cast<off_t>(at));
      if (got == -1 && errno == EINTR) continue;
      if (check(got, "read", printable(path)) == 0)
        throw Refused(quoted(path) + " changed while it was read");
      writer_.append({block_.data(), static_cast<std::size_t>(got)});
      if (keep != nullptr)
        keep->append(reinterpret_cast<char*>(block_.data()), static_cast<std::size_t>(got));
      at += static_cast<std::uint64_t>(got);
      if (progress_ != nullptr) progress_->advance(static_cast<std::uint64_t>(got));
    }
  }

  static std::uint64_t next_data(int fd, std::uint64_t at, std::uint64_t size) {
    const off_t data = ::lseek(fd, static_cast<off_t>(at), SEEK_DATA);
    if (data == -1 && errno == ENXIO) return size;  // a hole to the end
    if (data == -1) return at;
    return std::min<std::uint64_t>(static_cast<std::uint64_t>(data), size);
  }

  std::uint64_t left_bytes_;
  Collected& collected_;
  SquashfsWriter& writer_;
  Progress* progress_;
  std::vector<std::uint8_t> block_;
  struct stat out_ {};
  dev_t device_ = 0;
  std::map<std::pair<dev_t, ino_t>, Inode*> hard_links_;
  std::vector<LayerEntry> entries_;
};

}  // namespace

std::vector<LayerEntry> read_directory(int root_fd, int out_fd, std::uint64_t max_bytes, Collected& collected,
                                       SquashfsWriter& writer, Progress* progress) {
  return Walk(out_fd, max_bytes, collected, writer, progress).run(root_fd);
}

}  // namespace sabot::images
