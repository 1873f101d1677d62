// SPDX-License-Identifier: Apache-2.0
// image_reader.h: what an image is to the file system that serves it: inodes, names and bytes, read-only.
// Not here: entries that the image lacks (image_tree.h), the FUSE protocol (fuse_server.h).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fs/start_blocks.h"

namespace sabot {

/// Names an inode. Within an ImageReader: the image's own inode id (0 is legal). Within an ImageTree: FUSE's.
using NodeId = std::uint64_t;

struct NodeAttr {
  NodeId ino = 0;
  mode_t mode = 0;  // type and permission bits, as in stat(2)
  std::uint32_t nlink = 1;
  std::uint64_t size_bytes = 0;
  std::uint64_t allocated_bytes = 0;  // size_bytes without the holes
  std::int64_t mtime_s = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  dev_t rdev = 0;
};

struct DirEntry {
  std::string_view name;  // valid during the callback only
  NodeId id = 0;
  mode_t type = 0;                // S_IFDIR, S_IFREG, ...: what the directory says; attr() has the last word
  std::uint64_t next_cookie = 0;  // where readdir() continues after this entry; never 0
};

/// Takes one entry; false says "enough, this one was not taken".
using EntrySink = std::function<bool(const DirEntry&)>;

struct ImageTotals {
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;
  std::uint32_t block_bytes = 0;
};

/// Reads an image. All of it may be called from several threads at once. Everything in the image is believed
/// hostile: what does not hold together throws Refused or Error{EIO}, and a wrong kind of inode
/// Error{ENOTDIR}, Error{EISDIR} or Error{EINVAL}; no call crashes, or loops for longer than the image is
/// large.
class ImageReader {
 public:
  ImageReader() = default;
  ImageReader(const ImageReader&) = delete;
  ImageReader& operator=(const ImageReader&) = delete;
  virtual ~ImageReader() = default;

  virtual NodeId root() = 0;
  virtual std::optional<NodeId> lookup(NodeId parent, std::string_view name) = 0;
  virtual NodeAttr attr(NodeId node) = 0;
  /// The entries of `dir` from `cookie` on (0: from the start), without `.` and `..`, each name once, in an
  /// order that does not change.
  virtual void readdir(NodeId dir, std::uint64_t cookie, const EntrySink& sink) = 0;
  virtual std::string readlink(NodeId link) = 0;
  /// Bytes read; fewer than asked only at the end of the file.
  virtual std::size_t read(NodeId file, std::uint64_t offset, std::span<char> into) = 0;
  virtual bool has_xattrs() = 0;  // false: the image has no extended attribute at all
  virtual std::vector<std::string> list_xattrs(NodeId node) = 0;
  virtual std::optional<std::string> xattr(NodeId node, std::string_view name) = 0;
  virtual ImageTotals totals() = 0;
  /// What read() takes from, and tells, while it is open.
  virtual StartBlocks& start_blocks() = 0;
  /// Make these blocks ready in start_blocks(). Never throws: the names may be forged.
  virtual void read_ahead(std::span<const StoredBlock> wanted) noexcept = 0;
};

/// The squashfs at `place` of `file`. Throws Refused when it is none, is cut short, or uses a compression
/// that is not built in.
std::unique_ptr<ImageReader> open_squashfs(UniqueFd file, ImagePlace place = {});

}  // namespace sabot
