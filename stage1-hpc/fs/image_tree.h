// SPDX-License-Identifier: Apache-2.0
// image_tree.h: the tree a pod sees: the image, and beside it the mount points and small files that it lacks.
// Not here: reading squashfs (image_reader.h), the kernel's side (fuse_server.h). No kernel, no FUSE, no host
// path: the whole of it is a data structure.
#pragma once

#include <map>
#include <unordered_map>

#include "fs/image_reader.h"

namespace sabot {

/// Image and synthetic entries as one tree. First the add_ calls, from one thread; then, const, from any
/// number. Paths are of the pod: `/` is the image's root, no `..` and no symlink leads out of it, and at most
/// 40 symlinks are followed (then Error{ELOOP}), as path_resolution(7) does.
class ImageTree {
 public:
  enum class Kind { missing, file, directory, symlink, other };

  static constexpr NodeId kRoot =
      1;  // FUSE_ROOT_ID; an inode id of the image is shifted by 2, since FUSE has no 0
  static constexpr NodeId kSynthetic = NodeId{1} << 62;

  explicit ImageTree(std::unique_ptr<ImageReader> image);

  /// Make `path` a directory to mount on: nothing where it is one, else it and its missing parents (0755).
  /// Returns the path with no symlink left in it. Throws Refused naming a non-directory that is in the way.
  std::string add_directory(std::string_view path);
  /// Make `path` a file of this content, in place of the image's own if it has one. Parents as in
  /// add_directory, a final symlink is followed. Returns the path as above. Throws Refused where it is a
  /// directory.
  std::string add_file(std::string_view path, std::string content, mode_t mode = 0444);
  /// Make `path` a file to bind a file onto: nothing where it is one (of any kind but directory), else empty,
  /// 0644.
  std::string ensure_file(std::string_view path);

  /// The path with no symlink left in it; nothing where it does not exist.
  std::optional<std::string> resolve(std::string_view path) const;
  Kind kind_of(std::string_view path) const;  // symlinks are followed, so never Kind::symlink
  bool is_empty_directory(std::string_view path) const;
  /// The content of a regular file of the tree; nothing where it does not exist. Throws Refused when it is of
  /// another kind or has more than `limit_bytes`.
  std::optional<std::string> read_image_file(std::string_view path, std::size_t limit_bytes) const;

  /// All that was added, in the order of adding, so parents first.
  struct Addition {
    std::string path;  ///< no symlink in it
    mode_t mode = 0;   ///< type and permissions
    std::string content = {};
    bool replaces = false;  ///< a file of the image that is there
  };
  const std::vector<Addition>& additions() const { return synthetic_; }

  // What the server asks, by id. Throws as ImageReader does.
  std::optional<NodeId> lookup(NodeId parent, std::string_view name) const;
  NodeAttr attr(NodeId node) const;
  /// As ImageReader::readdir: the synthetic entries, then the image's own that none of them shadows.
  void readdir(NodeId dir, std::uint64_t cookie, const EntrySink& sink) const;
  std::string readlink(NodeId link) const;
  std::size_t read(NodeId file, std::uint64_t offset, std::span<char> into) const;
  bool has_xattrs() const { return image_->has_xattrs(); }
  std::vector<std::string> list_xattrs(NodeId node) const;
  std::optional<std::string> xattr(NodeId node, std::string_view name) const;
  ImageTotals totals() const { return image_->totals(); }
  ImageReader& image() const { return *image_; }

 private:
  using Synthetic = Addition;
  using Children = std::map<std::string, NodeId, std::less<>>;
  struct Walk;  // along a path; image_tree_paths.cc
  void advance(Walk& walk) const;
  Walk walk_to_parent(std::string_view path);
  std::string put_file(Walk& walk, mode_t mode, std::string content);
  NodeId add(const Walk& parent, const std::string& name, Synthetic entry);
  Kind kind(NodeId node) const;

  const Synthetic* synthetic(NodeId node) const;
  const Children* added_to(NodeId dir) const;
  NodeId from_image(NodeId inode) const { return inode == image_root_ ? kRoot : inode + 2; }
  NodeId to_image(NodeId node) const { return node == kRoot ? image_root_ : node - 2; }

  std::unique_ptr<ImageReader> image_;
  NodeId image_root_;
  std::vector<Synthetic> synthetic_;            // by id without the kSynthetic bit
  std::unordered_map<NodeId, Children> added_;  // directory to what was added to it
};

}  // namespace sabot
