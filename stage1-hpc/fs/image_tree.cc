// SPDX-License-Identifier: Apache-2.0
// image_tree.cc: image and synthetic entries by id: what the server asks for.
// Not here: paths, and adding entries by them (image_tree_paths.cc).
#include "fs/image_tree.h"

#include <sys/stat.h>

#include <algorithm>

#include "sys/error.h"

namespace sabot {
namespace {

constexpr std::int64_t kSyntheticMtime_s = 0;
// readdir cookies: below this, entries added (1, 2, ...); from it on, the image's own cookies.
constexpr std::uint64_t kImageCookies = std::uint64_t{1} << 32;

}  // namespace

ImageTree::ImageTree(std::unique_ptr<ImageReader> image)
    : image_(std::move(image)), image_root_(image_->root()) {}

const ImageTree::Synthetic* ImageTree::synthetic(NodeId node) const {
  if ((node & kSynthetic) == 0) {
    if (node == 0) throw Error(ENOENT, "no node has number 0");
    return nullptr;
  }
  const NodeId index = node & ~kSynthetic;
  if (index >= synthetic_.size()) throw Error(ENOENT, "no such synthetic node");
  return &synthetic_[index];
}

const ImageTree::Children* ImageTree::added_to(NodeId dir) const {
  const auto found = added_.find(dir);
  return found == added_.end() ? nullptr : &found->second;
}

std::optional<NodeId> ImageTree::lookup(NodeId parent, std::string_view name) const {
  if (const Children* added = added_to(parent)) {
    const auto found = added->find(name);
    if (found != added->end()) return found->second;
  }
  if (const Synthetic* dir = synthetic(parent)) {
    if (!S_ISDIR(dir->mode)) throw Error(ENOTDIR, "lookup in what is no directory");
    return std::nullopt;
  }
  const std::optional<NodeId> inode = image_->lookup(to_image(parent), name);
  return inode ? std::optional(from_image(*inode)) : std::nullopt;
}

NodeAttr ImageTree::attr(NodeId node) const {
  NodeAttr attr;
  if (const Synthetic* entry = synthetic(node)) {
    attr.mode = entry->mode;
    attr.mtime_s = kSyntheticMtime_s;
    attr.size_bytes = attr.allocated_bytes = entry->content.size();
    attr.nlink = S_ISDIR(entry->mode) ? 2 : 1;
  } else {
    attr = image_->attr(to_image(node));
  }
  attr.ino = node;
  if (const Children* added = added_to(node))
    attr.nlink +=
        static_cast<std::uint32_t>(std::count_if(added->begin(), added->end(), [this](const auto& child) {
          return S_ISDIR(synthetic(child.second)->mode);
        }));
  return attr;
}

void ImageTree::readdir(NodeId dir, std::uint64_t cookie, const EntrySink& sink) const {
  const Children* added = added_to(dir);
  if (added != nullptr && cookie < kImageCookies) {
    const auto skip = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(cookie, added->size()));
    std::uint64_t next = static_cast<std::uint64_t>(skip);
    for (auto child = std::next(added->begin(), skip); child != added->end(); ++child)
      if (!sink({child->first, child->second, synthetic(child->second)->mode & S_IFMT, ++next})) return;
  }
  if (const Synthetic* entry = synthetic(dir)) {
    if (!S_ISDIR(entry->mode)) throw Error(ENOTDIR, "readdir of what is no directory");
    return;
  }
  const std::uint64_t image_cookie = cookie < kImageCookies ? 0 : cookie - kImageCookies;
  image_->readdir(to_image(dir), image_cookie, [&](const DirEntry& entry) {
    if (added != nullptr && added->find(entry.name) != added->end()) return true;  // shadowed
    return sink({entry.name, from_image(entry.id), entry.type, entry.next_cookie + kImageCookies});
  });
}

std::string ImageTree::readlink(NodeId link) const {
  if (synthetic(link) != nullptr) throw Error(EINVAL, "readlink of what is no symlink");
  return image_->readlink(to_image(link));
}

std::size_t ImageTree::read(NodeId file, std::uint64_t offset, std::span<char> into) const {
  const Synthetic* entry = synthetic(file);
  if (entry == nullptr) return image_->read(to_image(file), offset, into);
  if (S_ISDIR(entry->mode)) throw Error(EISDIR, "read of a directory");
  if (offset >= entry->content.size()) return 0;
  return entry->content.copy(into.data(), into.size(), offset);
}

std::vector<std::string> ImageTree::list_xattrs(NodeId node) const {
  return synthetic(node) != nullptr ? std::vector<std::string>{} : image_->list_xattrs(to_image(node));
}

std::optional<std::string> ImageTree::xattr(NodeId node, std::string_view name) const {
  return synthetic(node) != nullptr ? std::nullopt : image_->xattr(to_image(node), name);
}

ImageTree::Kind ImageTree::kind(NodeId node) const {
  switch (attr(node).mode & S_IFMT) {
    case S_IFREG:
      return Kind::file;
    case S_IFDIR:
      return Kind::directory;
    case S_IFLNK:
      return Kind::symlink;
    default:
      return Kind::other;
  }
}

}  // namespace sabot
