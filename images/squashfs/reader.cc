// SPDX-License-Identifier: Apache-2.0
// reader.cc: looking into a squashfs file that anybody may have made. See squashfs_file.h.
// The superblock is checked (super.h) before libsquashfs sees it; all reads end at the file's end (FdFile).
#include <sqfs/data_reader.h>
#include <sqfs/dir_reader.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "images/foreign_config.h"
#include "images/squashfs/handles.h"
#include "images/squashfs/super.h"
#include "images/squashfs_file.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

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

}  // namespace

FilePiece squashfs_place(int fd) {
  const std::uint64_t bytes = regular_file_size(fd);
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
  FdFile file = open_squashfs(fd);
  const sqfs_super_t super = checked_super(file);
  return {super.bytes_used, compression_name(super), super.block_size, super.inode_count,
          super.modification_time};
}

LaunchConfig read_launch_config(int fd) {
  FdFile file = open_squashfs(fd);
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
