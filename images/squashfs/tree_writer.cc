// SPDX-License-Identifier: Apache-2.0
// tree_writer.cc: the tree half of the writer: inodes, directories, ids, extended attributes. See writer.h.
// An inode is written before the directories that name it; numbers are given out before, directory by
// directory, so that neighbours have near numbers (a directory header spans 32767).
#include <sqfs/dir_writer.h>
#include <sqfs/id_table.h>
#include <sqfs/meta_writer.h>
#include <sqfs/xattr_writer.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <unordered_map>

#include "images/limits.h"
#include "images/squashfs/writer_state.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

constexpr sqfs_u32 kNoXattr = 0xffffffff;
/// libsquashfs puts block lists on the stack while it writes an inode; longer ones are written by us.
constexpr std::size_t kStackBytes = std::size_t{256} << 10;

mode_t type_bits(FileType type) {
  switch (type) {
    case FileType::regular:
      return S_IFREG;
    case FileType::directory:
      return S_IFDIR;
    case FileType::symlink:
      return S_IFLNK;
    case FileType::fifo:
      return S_IFIFO;
  }
  throw Refused("unknown file type");
}

class TreeWriter {
 public:
  TreeWriter(const std::deque<sqfs_inode_generic_t*>& files, FdFile& file, sqfs_compressor_t* compressor)
      : files_(files),
        file_(file),
        compressor_(compressor),
        ids_(own(sqfs_id_table_create(0), "id table")),
        xattrs_(own(sqfs_xattr_writer_create(0), "xattr table")),
        inode_table_(own(sqfs_meta_writer_create(&file, compressor, 0), "inode table")),
        directory_table_(own(sqfs_meta_writer_create(&file, compressor, SQFS_META_WRITER_KEEP_IN_MEMORY),
                             "directory table")),
        directories_(own(sqfs_dir_writer_create(directory_table_.get(), 0), "directory writer")) {}

  void number(Node& root) {
    give_number(*root.inode);
    number_children(root);
  }

  void write(Node& root, sqfs_frag_table_t* fragments, sqfs_super_t* super) {
    super->inode_table_start = file_.size;
    write_directory(root, last_number_ + 1);  // the root's parent is nobody; mksquashfs writes the same
    checked(sqfs_meta_writer_flush(inode_table_.get()), "write inodes");
    checked(sqfs_meta_writer_flush(directory_table_.get()), "write directories");
    super->root_inode_ref = root.inode->place - 1;
    super->directory_table_start = file_.size;
    checked(sqfs_meta_write_write_to_file(directory_table_.get()), "write directories");
    checked(sqfs_frag_table_write(fragments, &file_, super, compressor_), "write fragment table");
    checked(sqfs_id_table_write(ids_.get(), &file_, super, compressor_), "write id table");
    checked(sqfs_xattr_writer_flush(xattrs_.get(), &file_, super, compressor_), "write extended attributes");
    super->modification_time = newest_;
  }

  std::uint32_t count() const { return last_number_; }

 private:
  void checked(int rc, const char* what) { check_sqfs(rc, what, file_); }

  void give_number(Inode& inode) {
    ++inode.nlink;
    if (inode.number != 0) return;  // a hard link
    inode.number = ++last_number_;
    newest_ = std::max(newest_, inode.mtime_s);
  }

  void number_children(Node& directory) {
    for (auto& [name, child] : directory.children) give_number(*child->inode);
    for (auto& [name, child] : directory.children)
      if (child->is_directory()) number_children(*child);
  }

  void write_directory(Node& node, std::uint32_t parent_number) {
    std::uint32_t directories = 0;
    for (auto& [name, child] : node.children) {
      if (child->is_directory()) {
        ++directories;
        write_directory(*child, node.inode->number);
      } else if (child->inode->place == 0) {
        write_file(*child->inode);
      }
    }
    checked(sqfs_dir_writer_begin(directories_.get(), 0), "begin directory");
    for (auto& [name, child] : node.children)
      checked(sqfs_dir_writer_add_entry(directories_.get(), child->name.c_str(), child->inode->number,
                                        child->inode->place - 1,
                                        static_cast<sqfs_u16>(type_bits(child->inode->type))),
              "add directory entry");
    checked(sqfs_dir_writer_end(directories_.get()), "end directory");
    const SqfsInode made{
        sqfs_dir_writer_create_inode(directories_.get(), 0, xattr_index(*node.inode), parent_number)};
    if (!made) throw_no_memory("directory inode");
    set_directory_links(*made, directories + 2);
    drop_index_if_long(*made);
    put(*node.inode, *made);
  }

  static void set_directory_links(sqfs_inode_generic_t& made, std::uint32_t links) {
    if (made.base.type == SQFS_INODE_DIR) {
      made.data.dir.nlink = links;
    } else {
      made.data.dir_ext.nlink = links;
    }
  }

  /// The index of a directory counts to 65535; it is optional, and each of its entries has at least 13 bytes.
  static void drop_index_if_long(sqfs_inode_generic_t& made) {
    if (made.base.type != SQFS_INODE_EXT_DIR || made.payload_bytes_used / 13 < 0xffff) return;
    made.data.dir_ext.inodex_count = 0;
    made.payload_bytes_used = 0;
  }

  void write_file(Inode& inode) {
    switch (inode.type) {
      case FileType::regular:
        return write_regular(inode);
      case FileType::symlink:
        return write_symlink(inode);
      default:
        return write_fifo(inode);
    }
  }

  void write_regular(Inode& inode) {
    sqfs_inode_generic_t empty{};
    sqfs_inode_generic_t* made = &empty;
    if (inode.data != kNoData) {
      made = files_[inode.data];
    } else {
      empty.base.type = SQFS_INODE_FILE;
      sqfs_inode_set_frag_location(&empty, 0xffffffff, 0xffffffff);
    }
    const sqfs_u32 xattr = xattr_index(inode);
    if (inode.nlink > 1 || xattr != kNoXattr) {
      checked(sqfs_inode_make_extended(made), "extend inode");
      made->data.file_ext.nlink = inode.nlink;
      made->data.file_ext.xattr_idx = xattr;
    }
    put(inode, *made);
  }

  void write_symlink(Inode& inode) {
    const std::size_t bytes = inode.target.size();
    std::vector<std::uint64_t> room(sizeof(sqfs_inode_generic_t) / 8 + bytes / 8 + 2);
    auto* made = new (room.data()) sqfs_inode_generic_t{};
    const sqfs_u32 xattr = xattr_index(inode);
    made->base.type = xattr == kNoXattr ? SQFS_INODE_SLINK : SQFS_INODE_EXT_SLINK;
    made->data.slink_ext.nlink = inode.nlink;
    made->data.slink_ext.target_size = static_cast<sqfs_u32>(bytes);
    made->data.slink_ext.xattr_idx = xattr;
    std::memcpy(made->extra, inode.target.data(), bytes);
    put(inode, *made);
  }

  void write_fifo(Inode& inode) {
    sqfs_inode_generic_t made{};
    const sqfs_u32 xattr = xattr_index(inode);
    made.base.type = xattr == kNoXattr ? SQFS_INODE_FIFO : SQFS_INODE_EXT_FIFO;
    made.data.ipc_ext.nlink = inode.nlink;
    made.data.ipc_ext.xattr_idx = xattr;
    put(inode, made);
  }

  /// Common fields, then the inode itself; `place` is the reference plus one, so that 0 is "not yet".
  void put(Inode& inode, sqfs_inode_generic_t& made) {
    made.base.mode = static_cast<sqfs_u16>(type_bits(inode.type) | inode.mode);
    made.base.uid_idx = id_index(inode.uid);
    made.base.gid_idx = id_index(inode.gid);
    made.base.mod_time = inode.mtime_s;
    made.base.inode_number = inode.number;
    sqfs_u64 block = 0;
    sqfs_u32 offset = 0;
    sqfs_meta_writer_get_position(inode_table_.get(), &block, &offset);
    inode.place = ((block << 16) | offset) + 1;
    if (made.base.type == SQFS_INODE_EXT_FILE && made.payload_bytes_used > kStackBytes) {
      append_long_file(made);
    } else {
      checked(sqfs_meta_writer_write_inode(inode_table_.get(), &made), "write inode");
    }
  }

  void append_long_file(const sqfs_inode_generic_t& made) {
    static_assert(std::endian::native == std::endian::little, "squashfs is little-endian");
    sqfs_inode_t base = made.base;
    base.mode &= static_cast<sqfs_u16>(~SQFS_INODE_MODE_MASK);
    checked(sqfs_meta_writer_append(inode_table_.get(), &base, sizeof base), "write inode");
    checked(sqfs_meta_writer_append(inode_table_.get(), &made.data.file_ext, sizeof made.data.file_ext),
            "write inode");
    checked(sqfs_meta_writer_append(inode_table_.get(), made.extra, made.payload_bytes_used), "write inode");
  }

  sqfs_u16 id_index(std::uint32_t id) {
    const auto known = id_indices_.find(id);
    if (known != id_indices_.end()) return known->second;
    sqfs_u16 index = 0;
    if (sqfs_id_table_id_to_index(ids_.get(), id, &index) != 0)
      throw Refused("more than 65536 different user and group ids, which squashfs cannot hold");
    id_indices_[id] = index;
    return index;
  }

  sqfs_u32 xattr_index(const Inode& inode) {
    if (inode.xattrs.empty()) return kNoXattr;
    sqfs_u32 index = kNoXattr;
    checked(sqfs_xattr_writer_begin(xattrs_.get(), 0), "begin extended attributes");
    for (const Xattr& xattr : inode.xattrs)
      checked(
          sqfs_xattr_writer_add(xattrs_.get(), xattr.name.c_str(), xattr.value.data(), xattr.value.size()),
          "add extended attribute");
    checked(sqfs_xattr_writer_end(xattrs_.get(), &index), "end extended attributes");
    return index;
  }

  const std::deque<sqfs_inode_generic_t*>& files_;
  FdFile& file_;
  sqfs_compressor_t* compressor_;
  Sqfs<sqfs_id_table_t> ids_;
  Sqfs<sqfs_xattr_writer_t> xattrs_;
  Sqfs<sqfs_meta_writer_t> inode_table_;
  Sqfs<sqfs_meta_writer_t> directory_table_;
  Sqfs<sqfs_dir_writer_t> directories_;
  std::unordered_map<std::uint32_t, sqfs_u16> id_indices_;
  std::uint32_t last_number_ = 0;
  std::uint32_t newest_ = 0;
};

}  // namespace

std::uint32_t write_tree(Node& root, const std::deque<sqfs_inode_generic_t*>& files, FdFile& file,
                         sqfs_compressor_t* compressor, sqfs_frag_table_t* fragments, sqfs_super_t* super) {
  TreeWriter writer(files, file, compressor);
  writer.number(root);
  writer.write(root, fragments, super);
  return writer.count();
}

}  // namespace sabot::images
