// SPDX-License-Identifier: Apache-2.0
// directory_root.cc: see directory_root.h.
#include "directory_root.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <map>
#include <memory>

#include "mounts.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

using Additions = std::vector<const ImageTree::Addition*>;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string below(const std::string& base, const std::string& path) {
  return path.substr(base == "/" ? 1 : base.size() + 1);
}

// What is new, by the directory of the image that it comes into.
std::map<std::string, Additions> by_base(const std::vector<ImageTree::Addition>& additions) {
  std::map<std::string, std::string> base_of;
  std::map<std::string, Additions> groups;
  for (const ImageTree::Addition& addition : additions) {
    if (addition.replaces) continue;
    const std::string parent = parent_of(addition.path);
    const auto known = base_of.find(parent);
    const std::string base = known != base_of.end() ? known->second : parent;
    base_of[addition.path] = base;
    groups[base].push_back(&addition);
  }
  return groups;
}

// A tmpfs upon it hides nothing.
bool is_empty(int root, const std::string& path) {
  UniqueFd fd;
  try {
    fd = open_in_root(root, path, O_RDONLY | O_DIRECTORY);
  } catch (const Error&) {
    return false;  // not to be read: then not to be judged
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(fd.release()), &::closedir};
  if (!stream) return false;
  while (const dirent* entry = ::readdir(stream.get()))
    if (std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..") return false;
  return true;
}

void write_file(int dir, const std::string& name, const ImageTree::Addition& file) {
  rlimit limit{};
  check(::getrlimit(RLIMIT_FSIZE, &limit), "getrlimit");
  if (file.content.size() > limit.rlim_cur)
    throw Refused("the limit on the size of files (ulimit -f) leaves no room for " + printable(file.path));
  const int flags = O_CREAT | O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
  const UniqueFd fd{check(::openat(dir, name.c_str(), flags, 0600), "make", printable(file.path))};
  write_all(fd.get(), file.content);
  check(::fchmod(fd.get(), file.mode & 07777), "chmod", printable(file.path));
}

// Make `one` in a tmpfs at `path`, relative to its root `dir`; its parents are there.
void make(int dir, const std::string& path, const ImageTree::Addition& one) {
  if (!S_ISDIR(one.mode)) {
    write_file(dir, path, one);
    return;
  }
  check(::mkdirat(dir, path.c_str(), 0700), "mkdir", printable(one.path));
  check(::fchmodat(dir, path.c_str(), one.mode & 07777, 0), "chmod", printable(one.path));
}

UniqueFd open_directory(int dir, const char* name) {
  return UniqueFd{check(::openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC), "open", name)};
}

void attach_on_new(int mount, int dir, const char* name) {
  check(::mkdirat(dir, name, 0755), "mkdir", name);
  attach(mount, open_directory(dir, name).get());
}

// The directories of the image that lead to `base`, as they are there, for a layer above it.
void repeat_way(int image, int layer, const std::string& base) {
  for (std::size_t end = base.find('/', 1); base != "/"; end = base.find('/', end + 1)) {
    const std::string path = base.substr(0, end);
    struct stat st {};
    const UniqueFd there = open_in_root(image, path, O_PATH | O_DIRECTORY);
    check(::fstat(there.get(), &st), "fstat", printable(path));
    if (::mkdirat(layer, path.c_str() + 1, 0700) == -1 && errno != EEXIST)
      throw Error(errno, "mkdir '" + printable(path) + "'");
    check(::fchmodat(layer, path.c_str() + 1, st.st_mode & 07777, 0), "chmod", printable(path));
    if (end == base.npos) return;
  }
}

// A tmpfs with all of `groups` in it, as a layer above the image; attached in `scratch`.
UniqueFd make_layer(int image, int scratch, const std::map<std::string, Additions>& groups) {
  struct stat st {};
  check(::fstat(image, &st), "fstat");
  UniqueFd layer = make_tmpfs(0, st.st_mode & 07777);
  attach_on_new(layer.get(), scratch, "layer");
  for (const auto& [base, additions] : groups) {
    repeat_way(image, layer.get(), base);
    for (const ImageTree::Addition* one : additions) make(layer.get(), one->path.substr(1), *one);
  }
  return layer;
}

std::string all_paths(const std::map<std::string, Additions>& groups) {
  std::string text;
  for (const auto& group : groups) text += (text.empty() ? "" : ", ") + printable(group.second.front()->path);
  return text;
}

// Read-only over image and `groups`, or writable where the pod is. Attached in `scratch`.
UniqueFd attach_overlay(const PodManifest& pod, int image, int scratch,
                        const std::map<std::string, Additions>& groups) {
  const UniqueFd layer = groups.empty() ? UniqueFd{} : make_layer(image, scratch, groups);
  std::vector<int> lower;
  if (layer.valid()) lower.push_back(layer.get());
  lower.push_back(image);
  UniqueFd overlay;
  if (pod.writable) {
    overlay = make_writable_overlay(lower, pod.writable_bytes, scratch);
  } else {
    const Context doing{"the directory lacks " + all_paths(groups) +
                        ", where the pod has mounts; make it there, or make an image of the directory with "
                        "`sabot image import`"};
    overlay = make_overlay(lower, -1, -1);
  }
  attach_on_new(overlay.get(), scratch, "root");
  return overlay;
}

void mount_tmpfs_with(int root, const std::string& base, const Additions& additions) {
  const UniqueFd tmpfs = make_tmpfs(0, 0755);
  attach(tmpfs.get(), open_in_root(root, base, O_PATH | O_DIRECTORY).get());
  for (const ImageTree::Addition* one : additions) make(tmpfs.get(), below(base, one->path), *one);
  make_read_only(tmpfs.get());
}

// Files that the image has otherwise, each under a file of ours.
void cover_files(int root, int scratch, const std::vector<ImageTree::Addition>& additions) {
  int number = 0;
  for (const ImageTree::Addition& one : additions) {
    if (!one.replaces) continue;
    const std::string name = "file" + std::to_string(++number);
    write_file(scratch, name, one);
    attach(make_bind_of(scratch, name).get(), open_in_root(root, one.path, O_PATH).get());
  }
}

// What files and directories made here have is said for each; the caller's mask goes on to its program.
class NoFileModeMask {
 public:
  NoFileModeMask() : before_(::umask(0)) {}
  ~NoFileModeMask() { ::umask(before_); }
  NoFileModeMask(const NoFileModeMask&) = delete;
  NoFileModeMask& operator=(const NoFileModeMask&) = delete;

 private:
  mode_t before_;
};

}  // namespace

UniqueFd attach_directory(const PodManifest& pod, const std::vector<ImageTree::Addition>& additions,
                          int scratch) {
  const Context doing{"mount the directory"};
  const NoFileModeMask plain;
  UniqueFd root = make_mount({.source = ".", .target = "/", .why = "image", .read_only = true});
  attach_on_new(root.get(), scratch, "image");
  std::map<std::string, Additions> upon;
  std::map<std::string, Additions> beside;
  for (auto& [base, group] : by_base(additions))
    (!pod.writable && is_empty(root.get(), base) ? upon : beside)[base] = group;
  if (pod.writable || !beside.empty()) root = attach_overlay(pod, root.get(), scratch, beside);
  for (const auto& [base, group] : upon) mount_tmpfs_with(root.get(), base, group);
  cover_files(root.get(), scratch, additions);
  return root;
}

}  // namespace sabot
