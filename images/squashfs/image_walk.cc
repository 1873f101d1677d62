// SPDX-License-Identifier: Apache-2.0
// image_walk.cc: see image_walk.h. No recursion: how deep an image is, is its maker's choice.
#include "images/image_walk.h"

#include <sqfs/data_reader.h>
#include <sqfs/dir.h>
#include <sqfs/dir_reader.h>
#include <sqfs/id_table.h>
#include <sqfs/xattr.h>
#include <sqfs/xattr_reader.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <vector>

#include "images/limits.h"
#include "images/squashfs/handles.h"
#include "images/squashfs/super.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

struct EntryFree {
  void operator()(sqfs_dir_entry_t* entry) const { sqfs_free(entry); }
};

// A directory that is still to be read. Owned by its parent's list; only its name and inode are kept.
struct Waiting {
  std::string path;
  SqfsInode inode;
};

class Walk {
 public:
  Walk(int fd, const std::function<void(const ImageEntry&, const ReadContent&)>& visit)
      : file_(open_squashfs(fd)), super_(checked_super(file_)), visit_(visit) {
    file_.size = super_.bytes_used;
    const auto id = static_cast<SQFS_COMPRESSOR>(super_.compression_id);
    compressor_ = make_compressor(id, super_.block_size, 0, true);
    directories_ = own(sqfs_dir_reader_create(&super_, compressor_.get(), &file_, 0), "directory reader");
    data_ = own(sqfs_data_reader_create(&file_, super_.block_size, compressor_.get(), 0), "data reader");
    check_sqfs(sqfs_data_reader_load_fragment_table(data_.get(), &super_), "read fragment table", file_);
    ids_ = own(sqfs_id_table_create(0), "id table");
    check_sqfs(sqfs_id_table_read(ids_.get(), &file_, &super_, compressor_.get()), "read id table", file_);
    if ((super_.flags & SQFS_FLAG_NO_XATTRS) != 0 || super_.xattr_id_table_start == UINT64_MAX) return;
    xattrs_ = own(sqfs_xattr_reader_create(0), "attribute reader");
    check_sqfs(sqfs_xattr_reader_load(xattrs_.get(), &super_, &file_, compressor_.get()), "read attributes",
               file_);
  }

  std::uint64_t run() {
    sqfs_inode_generic_t* root = nullptr;
    check_sqfs(sqfs_dir_reader_get_root_inode(directories_.get(), &root), "read the root", file_);
    SqfsInode inode{root};
    if (!is_directory(*inode)) throw Refused("a damaged squashfs image: its root is no directory");
    enter("", std::move(inode));
    while (!waiting_.empty()) {
      const Waiting directory = std::move(waiting_.back());
      waiting_.pop_back();
      read(directory);
    }
    return passed_over_;
  }

 private:
  static bool is_directory(const sqfs_inode_generic_t& inode) {
    return inode.base.type == SQFS_INODE_DIR || inode.base.type == SQFS_INODE_EXT_DIR;
  }

  void enter(const std::string& path, SqfsInode inode) {
    if (!directories_seen_.insert(inode->base.inode_number).second)
      throw Refused("a damaged squashfs image: the directory '" + printable(path) + "' is there twice");
    visit_entry(path, *inode);
    waiting_.push_back({path, std::move(inode)});
  }

  void read(const Waiting& directory) {
    check_sqfs(sqfs_dir_reader_open_dir(directories_.get(), directory.inode.get(), 0), "open directory",
               file_);
    std::vector<Waiting> below;
    std::set<std::string> names;
    for (;;) {
      sqfs_dir_entry_t* raw = nullptr;
      const int rc = sqfs_dir_reader_read(directories_.get(), &raw);
      check_sqfs(rc, "read directory", file_);
      if (rc > 0) break;
      const std::unique_ptr<sqfs_dir_entry_t, EntryFree> entry{raw};
      const std::string name(reinterpret_cast<const char*>(entry->name), std::size_t{entry->size} + 1);
      check_name(name);
      if (!names.insert(name).second)
        throw Refused("a damaged squashfs image: '" + printable(name) + "' twice");
      if (++entries_ > kMaxEntries) throw Refused("more entries than any image needs");
      sqfs_inode_generic_t* inode = nullptr;
      check_sqfs(sqfs_dir_reader_get_inode(directories_.get(), &inode), "read inode", file_);
      below.push_back({directory.path.empty() ? name : directory.path + "/" + name, SqfsInode{inode}});
      if (below.back().path.size() > kMaxPathBytes) throw Refused("a path longer than the limit");
    }
    // Reading a file's bytes would lose the directory's place: so only now. The last directory is read first.
    std::vector<Waiting> deeper;
    for (Waiting& entry : below) {
      if (is_directory(*entry.inode)) {
        deeper.push_back(std::move(entry));
      } else {
        visit_entry(entry.path, *entry.inode);
      }
    }
    for (auto entry = deeper.rbegin(); entry != deeper.rend(); ++entry)
      enter(entry->path, std::move(entry->inode));
  }

  static void check_name(const std::string& name) {
    if (name.empty() || name.size() > kMaxNameBytes || name == "." || name == ".." ||
        name.find('/') != name.npos || name.find('\0') != name.npos)
      throw Refused("a damaged squashfs image: '" + printable(name) + "' is no file name");
  }

  bool set_type(const sqfs_inode_generic_t& raw, Inode& inode) {
    switch (raw.base.type) {
      case SQFS_INODE_DIR:
      case SQFS_INODE_EXT_DIR:
        inode.type = FileType::directory;
        return true;
      case SQFS_INODE_FILE:
      case SQFS_INODE_EXT_FILE: {
        sqfs_u64 size = 0;
        check_sqfs(sqfs_inode_get_file_size(&raw, &size), "read inode", file_);
        inode.type = FileType::regular;
        inode.size_bytes = size;
        return true;
      }
      case SQFS_INODE_SLINK:
      case SQFS_INODE_EXT_SLINK:
        inode.type = FileType::symlink;
        inode.target = target_of(raw);
        return true;
      case SQFS_INODE_FIFO:
      case SQFS_INODE_EXT_FIFO:
        inode.type = FileType::fifo;
        return true;
      default:
        return false;
    }
  }

  static std::string target_of(const sqfs_inode_generic_t& raw) {
    const std::size_t bytes =
        raw.base.type == SQFS_INODE_SLINK ? raw.data.slink.target_size : raw.data.slink_ext.target_size;
    std::string target(reinterpret_cast<const char*>(raw.extra), bytes);
    if (target.empty() || target.size() >= kMaxPathBytes || target.find('\0') != target.npos)
      throw Refused("a damaged squashfs image: a symbolic link to '" + printable(target) + "'");
    return target;
  }

  std::uint32_t id_of(sqfs_u16 index) {
    sqfs_u32 id = 0;
    check_sqfs(sqfs_id_table_index_to_id(ids_.get(), index, &id), "read id", file_);
    return id;
  }

  void read_xattrs(const sqfs_inode_generic_t& raw, Inode& inode) {
    sqfs_u32 index = 0xFFFFFFFF;
    if (!xattrs_ || sqfs_inode_get_xattr_index(&raw, &index) != 0 || index == 0xFFFFFFFF) return;
    sqfs_xattr_reader_t& reader = *xattrs_;
    sqfs_xattr_id_t desc;
    check_sqfs(sqfs_xattr_reader_get_desc(&reader, index, &desc), "read attributes", file_);
    if (desc.count > kMaxXattrs || desc.size > kMaxXattrs * kMaxXattrBytes)
      throw Refused("too many attributes");
    check_sqfs(sqfs_xattr_reader_seek_kv(&reader, &desc), "read attributes", file_);
    for (sqfs_u32 i = 0; i < desc.count; ++i) {
      sqfs_xattr_entry_t* key = nullptr;
      check_sqfs(sqfs_xattr_reader_read_key(&reader, &key), "read attributes", file_);
      const auto free_key = [](sqfs_xattr_entry_t* entry) { sqfs_free(entry); };
      const std::unique_ptr<sqfs_xattr_entry_t, decltype(free_key)> owned_key{key, free_key};
      sqfs_xattr_value_t* value = nullptr;
      check_sqfs(sqfs_xattr_reader_read_value(&reader, key, &value), "read attributes", file_);
      const auto free_value = [](sqfs_xattr_value_t* entry) { sqfs_free(entry); };
      const std::unique_ptr<sqfs_xattr_value_t, decltype(free_value)> owned_value{value, free_value};
      inode.xattrs.push_back({reinterpret_cast<const char*>(key->key),
                              std::string(reinterpret_cast<const char*>(value->value), value->size)});
    }
    std::sort(inode.xattrs.begin(), inode.xattrs.end(),
              [](const Xattr& a, const Xattr& b) { return a.name < b.name; });
  }

  void visit_entry(const std::string& path, const sqfs_inode_generic_t& raw) {
    Context doing{"'/" + printable(path) + "'"};
    Inode inode;
    if (!set_type(raw, inode)) {
      ++passed_over_;
      return;
    }
    inode.mode = raw.base.mode & 07777;
    inode.uid = id_of(raw.base.uid_idx);
    inode.gid = id_of(raw.base.gid_idx);
    inode.mtime_s = raw.base.mod_time;
    read_xattrs(raw, inode);
    ImageEntry entry{path, &inode, {}};
    if (inode.type != FileType::directory) {
      const auto [first, is_new] = first_names_.try_emplace(raw.base.inode_number, path);
      if (!is_new) entry.link = first->second;
    }
    visit_(entry, [&](const auto& sink) { read_content(raw, inode.size_bytes, sink); });
  }

  // Block by block: the library loses its place otherwise.
  void read_content(const sqfs_inode_generic_t& raw, std::uint64_t bytes,
                    const std::function<void(std::span<const std::uint8_t>)>& sink) {
    std::vector<std::uint8_t> block(super_.block_size);
    for (std::uint64_t at = 0; at < bytes;) {
      const auto wanted = static_cast<sqfs_u32>(std::min<std::uint64_t>(block.size(), bytes - at));
      const sqfs_s32 got = sqfs_data_reader_read(data_.get(), &raw, at, block.data(), wanted);
      check_sqfs(got, "read", file_);
      if (got == 0) throw Refused("damaged: shorter than it says");
      sink({block.data(), static_cast<std::size_t>(got)});
      at += static_cast<std::uint64_t>(got);
    }
  }

  FdFile file_;
  sqfs_super_t super_;
  const std::function<void(const ImageEntry&, const ReadContent&)>& visit_;
  Sqfs<sqfs_compressor_t> compressor_;
  Sqfs<sqfs_dir_reader_t> directories_;
  Sqfs<sqfs_data_reader_t> data_;
  Sqfs<sqfs_id_table_t> ids_;
  Sqfs<sqfs_xattr_reader_t> xattrs_;
  std::vector<Waiting> waiting_;
  std::set<std::uint32_t> directories_seen_;
  std::map<std::uint32_t, std::string> first_names_;
  std::uint64_t entries_ = 0;
  std::uint64_t passed_over_ = 0;
};

}  // namespace

std::uint64_t walk_image(int fd, const std::function<void(const ImageEntry&, const ReadContent&)>& visit) {
  return Walk(fd, visit).run();
}

}  // namespace sabot::images
