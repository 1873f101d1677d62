// SPDX-License-Identifier: Apache-2.0
// reader.cc: looking into a squashfs file that anybody may have made. See squashfs_file.h.
// The superblock is checked here before libsquashfs sees it; all reads end at the file's end (FdFile).
#include <endian.h>
#include <sqfs/data_reader.h>
#include <sqfs/dir_reader.h>
#include <sqfs/super.h>
#include <sys/stat.h>

#include <bit>
#include <cstring>
#include <optional>

#include "images/foreign_config.h"
#include "images/squashfs/handles.h"
#include "images/squashfs_file.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

std::uint64_t file_size(int fd) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat");
  if (!S_ISREG(st.st_mode)) throw Refused("not a regular file, so not a squashfs image");
  return static_cast<std::uint64_t>(st.st_size);
}

/// Fields in host order.
sqfs_super_t read_super(FdFile& file) {
  sqfs_super_t raw;
  if (file.size < sizeof raw) throw Refused("not a squashfs image: too short");
  check_sqfs(file.read_at(&file, 0, &raw, sizeof raw), "read superblock", file);
  raw.magic = le32toh(raw.magic);
  raw.inode_count = le32toh(raw.inode_count);
  raw.modification_time = le32toh(raw.modification_time);
  raw.block_size = le32toh(raw.block_size);
  raw.fragment_entry_count = le32toh(raw.fragment_entry_count);
  for (sqfs_u16* field : {&raw.compression_id, &raw.block_log, &raw.flags, &raw.id_count, &raw.version_major,
                          &raw.version_minor})
    *field = le16toh(*field);
  for (sqfs_u64* field : {&raw.root_inode_ref, &raw.bytes_used, &raw.id_table_start,
                          &raw.xattr_id_table_start, &raw.inode_table_start, &raw.directory_table_start,
                          &raw.fragment_table_start, &raw.export_table_start})
    *field = le64toh(*field);
  return raw;
}

bool holds_table(const sqfs_super_t& super, std::uint64_t start, std::uint64_t bytes) {
  return start >= sizeof super && start < super.bytes_used && bytes <= super.bytes_used - start;
}

bool holds_index(const sqfs_super_t& super, std::uint64_t start, std::uint64_t entries,
                 std::uint64_t entry_bytes) {
  const std::uint64_t blocks =
      (entries * entry_bytes + 8191) / 8192;  // each has an 8 byte place in the index
  return holds_table(super, start, blocks * 8);
}

sqfs_super_t checked_super(FdFile& file) {
  const sqfs_super_t super = read_super(file);
  if (super.magic != SQFS_MAGIC) throw Refused("not a squashfs image");
  if (super.version_major != 4 || super.version_minor != 0)
    throw Refused("squashfs version " + std::to_string(super.version_major) + "." +
                  std::to_string(super.version_minor) + "; only 4.0 can be read");
  if (super.bytes_used > file.size)
    throw Refused("a truncated squashfs image: " + std::to_string(file.size) + " bytes of " +
                  std::to_string(super.bytes_used));
  const bool block_size_is_sane =
      std::has_single_bit(super.block_size) && super.block_size >= SQFS_MIN_BLOCK_SIZE &&
      super.block_size <= SQFS_MAX_BLOCK_SIZE && super.block_log == std::countr_zero(super.block_size);
  const bool has_fragments = super.fragment_entry_count > 0;
  const bool sane =
      block_size_is_sane && super.inode_count > 0 && super.id_count > 0 &&
      super.compression_id >= SQFS_COMP_MIN && super.compression_id <= SQFS_COMP_MAX &&
      holds_table(super, super.inode_table_start, 1) && holds_table(super, super.directory_table_start, 0) &&
      super.inode_table_start <= super.directory_table_start &&
      super.directory_table_start <= super.id_table_start &&
      holds_index(super, super.id_table_start, super.id_count, 4) &&
      (!has_fragments || holds_index(super, super.fragment_table_start, super.fragment_entry_count, 16)) &&
      (super.root_inode_ref >> 16) < super.directory_table_start - super.inode_table_start;
  if (!sane) throw Refused("a damaged squashfs image: its superblock makes no sense");
  return super;
}

std::string compression_name(const sqfs_super_t& super) {
  const char* name = sqfs_compressor_name_from_id(static_cast<SQFS_COMPRESSOR>(super.compression_id));
  return name != nullptr ? name : "unknown";
}

/// Files of an image by path, no symlink followed.
class Files {
 public:
  Files(FdFile& file, const sqfs_super_t& super)
      : file_(file),
        super_(super),
        compressor_(
            make_compressor(static_cast<SQFS_COMPRESSOR>(super.compression_id), super.block_size, 0, true)),
        directories_(own(sqfs_dir_reader_create(&super_, compressor_.get(), &file, 0), "directory reader")) {}

  /// Null where a component is absent or the way is no directory.
  SqfsInode find(const char* path) {
    sqfs_inode_generic_t* found = nullptr;
    const int rc = sqfs_dir_reader_find_by_path(directories_.get(), nullptr, path, &found);
    if (rc == SQFS_ERROR_NO_ENTRY || rc == SQFS_ERROR_NOT_DIR) return nullptr;
    check_sqfs(rc, "look up", file_);
    return SqfsInode{found};
  }

  static bool is_regular(const sqfs_inode_generic_t& inode) {
    return inode.base.type == SQFS_INODE_FILE || inode.base.type == SQFS_INODE_EXT_FILE;
  }

  std::string content(const sqfs_inode_generic_t& inode, std::size_t limit_bytes) {
    sqfs_u64 size = 0;
    check_sqfs(sqfs_inode_get_file_size(&inode, &size), "read inode", file_);
    if (size > limit_bytes)
      throw Refused("larger than the limit of " + std::to_string(limit_bytes) + " bytes");
    std::string content(static_cast<std::size_t>(size), '\0');
    for (std::size_t at = 0; at < content.size();) {  // block by block: the library loses its place otherwise
      const sqfs_u32 wanted =
          static_cast<sqfs_u32>(std::min<std::size_t>(content.size() - at, SQFS_MIN_BLOCK_SIZE));
      const sqfs_s32 got = sqfs_data_reader_read(data(), &inode, at, content.data() + at, wanted);
      check_sqfs(got, "read", file_);
      if (got == 0) throw Refused("damaged: shorter than it says");
      at += static_cast<std::size_t>(got);
    }
    return content;
  }

 private:
  sqfs_data_reader_t* data() {
    if (!data_) {
      data_ = own(sqfs_data_reader_create(&file_, super_.block_size, compressor_.get(), 0), "data reader");
      check_sqfs(sqfs_data_reader_load_fragment_table(data_.get(), &super_), "read fragment table", file_);
    }
    return data_.get();
  }

  FdFile& file_;
  sqfs_super_t super_;
  Sqfs<sqfs_compressor_t> compressor_;
  Sqfs<sqfs_dir_reader_t> directories_;
  Sqfs<sqfs_data_reader_t> data_;
};

FdFile open_place(int fd) {
  const FilePiece place = squashfs_place(fd);
  return {fd, place.bytes, place.offset};
}

}  // namespace

FilePiece squashfs_place(int fd) {
  const std::uint64_t bytes = file_size(fd);
  return find_sif_partition(fd).value_or(FilePiece{0, bytes});
}

bool is_squashfs(int fd) {
  struct stat st {};
  char magic[4];
  if (::fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) return false;
  if (::pread(fd, magic, sizeof magic, 0) != sizeof magic) return false;
  return std::memcmp(magic, "hsqs", sizeof magic) == 0 || find_sif_partition(fd).has_value();
}

ImageInfo read_image_info(int fd) {
  FdFile file = open_place(fd);
  const sqfs_super_t super = checked_super(file);
  return {super.bytes_used, compression_name(super), super.block_size, super.inode_count,
          super.modification_time};
}

LaunchConfig read_launch_config(int fd) {
  FdFile file = open_place(fd);
  const sqfs_super_t super = checked_super(file);
  file.size = super.bytes_used;
  Files files(file, super);
  const SqfsInode inode = files.find(kLaunchConfigPath);
  if (inode) {
    Context doing{std::string("read '/") + kLaunchConfigPath + "' of the image"};
    if (!Files::is_regular(*inode)) throw Refused("not a regular file");
    return parse_launch_config(files.content(*inode, kJsonBytes));
  }
  return foreign_launch_config([&](const char* path) -> std::optional<std::string> {
    Context doing{std::string("read '/") + path + "' of the image"};
    const SqfsInode found = files.find(path);
    if (!found || !Files::is_regular(*found)) return std::nullopt;
    return files.content(*found, kScriptBytes);
  });
}

}  // namespace sabot::images
