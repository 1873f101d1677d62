// SPDX-License-Identifier: Apache-2.0
// merged_tree.h: the image's tree as it will be: layers applied one above the other, in memory.
// Names alone are judged here, lowest layer first, as image-spec's layer.md tells it; where the bytes of
// files went is only a number (data). Not here: reading layers (layer.h), writing the result
// (squashfs/writer.h).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "images/notes.h"

namespace sabot::images {

enum class FileType : std::uint8_t { regular, directory, symlink, fifo };

struct Xattr {
  std::string name;
  std::string value;
};

inline constexpr std::uint32_t kNoData = UINT32_MAX;
inline constexpr std::uint32_t kOwnLayer = UINT32_MAX;  ///< Inode::layer of what no source brought

struct Inode {
  FileType type = FileType::regular;
  std::uint16_t mode = 0;  ///< permission bits, set-id and sticky
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mtime_s = 0;     ///< seconds since 1970
  std::uint32_t data = kNoData;  ///< regular, not empty: what the writer calls its bytes
  std::uint32_t layer = 0;       ///< where it came from,
  std::uint32_t ordinal = 0;     ///< and as which entry
  std::uint64_t size_bytes = 0;  ///< regular
  std::string target;            ///< symlink
  std::vector<Xattr> xattrs;     ///< sorted by name
  std::uint32_t nlink = 0;       ///< the writer's own notes: names, number, place
  std::uint32_t number = 0;
  std::uint64_t place = 0;
};

/// What one entry of a layer does.
struct LayerEntry {
  enum class Kind : std::uint8_t { inode, hard_link, whiteout, opaque };
  Kind kind = Kind::inode;
  std::string path;        ///< normalised; empty: the root
  std::string link;        ///< hard_link: the normalised name of the other
  Inode* inode = nullptr;  ///< inode: borrowed, from new_inode()
};

struct Node {
  std::string name;
  Node* parent = nullptr;
  std::size_t depth = 0;
  Inode* inode = nullptr;
  std::map<std::string_view, std::unique_ptr<Node>> children;  ///< byte order, which is squashfs's

  bool is_directory() const { return inode->type == FileType::directory; }
  Node* child(std::string_view wanted) const {
    const auto found = children.find(wanted);
    return found == children.end() ? nullptr : found->second.get();
  }
};

class MergedTree {
 public:
  MergedTree();

  /// An inode that lives as long as the tree. Throws Refused past kMaxEntries.
  Inode* new_inode();

  /// Put `layer` above all layers applied so far. Its whiteouts hide what is below it, wherever they are.
  /// `number`    the layer's; an entry that is given twice in one layer is noted
  /// Throws      Refused: a hard link to nothing, to a directory or to itself; a parent that is not a
  ///             directory; a name whose symlinks never end
  void apply(std::span<const LayerEntry> layer, std::uint32_t number, Notes& notes);

  /// The node at `path`, no symlink followed; null where there is none.
  Node* find(std::string_view path);

  /// Put `file` at `path`, whatever is in the way; directories that are missing are 0755 and root's.
  void force(std::string_view path, Inode* file);

  const Node& root() const { return root_; }
  Node& root() { return root_; }

 private:
  Node* directory_of(std::string_view path, bool create);
  Node* add(Node& parent, std::string_view name, Inode* inode);
  void hide(const LayerEntry& entry);
  void place(const LayerEntry& entry, std::uint32_t number, Notes& notes);
  void put(const LayerEntry& entry, Inode* inode, std::uint32_t number, Notes& notes);
  Inode* linked(const LayerEntry& entry);
  Inode* implicit_directory();

  std::deque<Inode> inodes_;
  Node root_;
  std::string last_directory_;  // entries come directory by directory: the last one's path,
  Node* last_node_ = nullptr;   // and where it led; null when something on the way may have changed
  std::uint32_t layer_ = 0;
};

}  // namespace sabot::images
