// SPDX-License-Identifier: Apache-2.0
// super.cc: see super.h.
#include "images/squashfs/super.h"

#include <endian.h>
#include <sys/stat.h>

#include <bit>

#include "images/squashfs_file.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

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

}  // namespace

std::uint64_t regular_file_size(int fd) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat");
  if (!S_ISREG(st.st_mode)) throw Refused("not a regular file, so not a squashfs image");
  return static_cast<std::uint64_t>(st.st_size);
}

FdFile open_squashfs(int fd) {
  const FilePiece place = squashfs_place(fd);
  return {fd, place.bytes, place.offset};
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

}  // namespace sabot::images
