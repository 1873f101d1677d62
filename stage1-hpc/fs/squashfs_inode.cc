// SPDX-License-Identifier: Apache-2.0
// squashfs_inode.cc: decoding of inodes, directory listings and block lists.
// Not here: metadata blocks and their bounds (squashfs_blocks.cc).
// Source: the kernel's Documentation/filesystems/squashfs.rst; the field orders are those of its on-disk
// structures.
#include "fs/squashfs_inode.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "sys/error.h"

namespace sabot {
namespace {

constexpr std::uint64_t kListingBytesMax = std::uint64_t{128} << 20;
constexpr std::uint32_t kRunEntriesMax = 256;
constexpr std::size_t kNameBytesMax = 256;
constexpr std::uint64_t kListingPadding = 3;  // a directory's size counts `.` and `..` as three bytes
constexpr std::uint32_t kPlainData = 1U << 24;

enum Type : std::uint16_t { directory = 1, file, symlink, block_device, char_device, fifo, socket };
constexpr std::uint16_t kExtended = 7;  // added to the type of an inode that has xattrs, or big fields

mode_t mode_of(std::uint16_t basic_type) {
  constexpr std::array<mode_t, 8> modes{0, S_IFDIR, S_IFREG, S_IFLNK, S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK};
  return basic_type < modes.size() ? modes[basic_type] : 0;
}

void read_directory(Inode& inode, MetadataCursor& in, bool extended) {
  if (extended) {
    inode.attr.nlink = in.u32();
    inode.attr.size_bytes = in.u32();
    inode.listing_block = in.u32();
    in.skip(4 + 2);  // parent's inode number, number of index entries: the index is not used
    inode.listing_offset = in.u16();
    inode.xattr = in.u32();
  } else {
    inode.listing_block = in.u32();
    inode.attr.nlink = in.u32();
    inode.attr.size_bytes = in.u16();
    inode.listing_offset = in.u16();
  }
  inode.attr.allocated_bytes = inode.attr.size_bytes;
}

void read_file(Inode& inode, MetadataCursor& in, bool extended) {
  std::uint64_t holes = 0;
  if (extended) {
    inode.data_start = in.u64();
    inode.attr.size_bytes = in.u64();
    holes = in.u64();
    inode.attr.nlink = in.u32();
    inode.fragment = in.u32();
    inode.fragment_offset = in.u32();
    inode.xattr = in.u32();
  } else {
    inode.data_start = in.u32();
    inode.fragment = in.u32();
    inode.fragment_offset = in.u32();
    inode.attr.size_bytes = in.u32();
  }
  if (inode.attr.size_bytes > static_cast<std::uint64_t>(INT64_MAX))
    throw Error(EIO, "a file has an impossible size");
  inode.attr.allocated_bytes = inode.attr.size_bytes - std::min(holes, inode.attr.size_bytes);
}

void read_symlink(Inode& inode, MetadataCursor& in, bool extended) {
  inode.attr.nlink = in.u32();
  inode.attr.size_bytes = in.u32();
  if (inode.attr.size_bytes >= PATH_MAX) throw Error(EIO, "a symlink has an impossible length");
  inode.rest = in;
  if (!extended) return;
  in.skip(inode.attr.size_bytes);
  inode.xattr = in.u32();
}

void read_special(Inode& inode, MetadataCursor& in, std::uint16_t type, bool extended) {
  inode.attr.nlink = in.u32();
  if (type == block_device || type == char_device) {
    const std::uint32_t rdev = in.u32();  // 12 bits of major inside 20 bits of minor
    inode.attr.rdev = makedev((rdev >> 8) & 0xfff, (rdev & 0xff) | ((rdev >> 12) & 0xfff00));
  }
  if (extended) inode.xattr = in.u32();
}

bool is_name(std::string_view name) {
  return name != "." && name != ".." && name.find('/') == name.npos && name.find('\0') == name.npos;
}

}  // namespace

Inode read_inode(SquashfsBlocks& blocks, NodeId id) {
  const Superblock& super = blocks.super();
  MetadataCursor in = MetadataCursor::at(blocks, super.inode_table, id, super.directory_table);
  Inode inode;
  const std::uint16_t recorded = in.u16();
  const bool extended = recorded > kExtended;
  const auto type = static_cast<std::uint16_t>(extended ? recorded - kExtended : recorded);
  if (mode_of(type) == 0) throw Error(EIO, "an inode has no known type");
  inode.attr.ino = id;
  inode.attr.mode = mode_of(type) | (in.u16() & 07777U);
  inode.attr.uid = in.u16();
  inode.attr.gid = in.u16();
  inode.attr.mtime_s = in.u32();
  in.skip(4);  // the inode's number: ids serve instead
  switch (type) {
    case directory:
      read_directory(inode, in, extended);
      break;
    case file:
      read_file(inode, in, extended);
      break;
    case symlink:
      read_symlink(inode, in, extended);
      break;
    default:
      read_special(inode, in, type, extended);
      break;
  }
  if (type != symlink) inode.rest = in;
  return inode;
}

Directory::Directory(SquashfsBlocks& blocks, const Inode& inode) {
  std::uint64_t left_bytes = inode.attr.size_bytes;
  if (left_bytes > kListingBytesMax) throw Error(EIO, "a directory is larger than 128 MiB");
  left_bytes -= std::min(left_bytes, kListingPadding);
  const Superblock& super = blocks.super();
  const std::uint64_t reference = std::uint64_t{inode.listing_block} << 16 | inode.listing_offset;
  if (left_bytes == 0) return;
  MetadataCursor cursor = MetadataCursor::at(blocks, super.directory_table, reference, super.bytes_used);
  while (left_bytes > 0) read_run(cursor, left_bytes);
  sort();
}

void Directory::read_run(MetadataCursor& cursor, std::uint64_t& left_bytes) {
  const auto spend = [&](std::uint64_t bytes) {
    if (bytes > left_bytes) throw Error(EIO, "a directory is longer than its size");
    left_bytes -= bytes;
  };
  spend(12);
  const std::uint32_t count = cursor.u32();  // one less than there are
  const std::uint64_t inode_block = cursor.u32();
  cursor.skip(4);
  if (count >= kRunEntriesMax) throw Error(EIO, "a directory has an impossible run of entries");
  for (std::uint32_t i = 0; i <= count; ++i) {
    spend(8);
    Entry entry;
    entry.id = inode_block << 16 | cursor.u16();
    cursor.skip(2);
    entry.type = cursor.u16();
    const std::size_t name_bytes = std::size_t{cursor.u16()} + 1;
    if (name_bytes > kNameBytesMax) throw Error(EIO, "a directory has an impossible name");
    spend(name_bytes);
    entry.name_at = static_cast<std::uint32_t>(names_.size());
    entry.name_bytes = static_cast<std::uint16_t>(name_bytes);
    names_.resize(names_.size() + name_bytes);
    cursor.read(std::span(names_).last(name_bytes));
    if (!is_name(name(entry))) throw Error(EIO, "a directory has a name that no directory may hold");
    entries_.push_back(entry);
  }
}

void Directory::sort() {
  const auto before = [this](const Entry& a, const Entry& b) { return name(a) < name(b); };
  const auto same = [this](const Entry& a, const Entry& b) { return name(a) == name(b); };
  if (!std::is_sorted(entries_.begin(), entries_.end(), before))  // writers do sort
    std::stable_sort(entries_.begin(), entries_.end(), before);
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
  entries_.shrink_to_fit();
}

DirEntry Directory::entry(std::size_t index) const {
  const Entry& entry = entries_.at(index);
  return {name(entry), entry.id, mode_of(entry.type), index + 1};
}

std::optional<NodeId> Directory::find(std::string_view wanted) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), wanted,
                                      [this](const Entry& e, std::string_view w) { return name(e) < w; });
  if (found == entries_.end() || name(*found) != wanted) return std::nullopt;
  return found->id;
}

void skip_blocks(BlockList::Place& place, std::uint64_t blocks) {
  std::array<char, 2048> raw;
  while (blocks > 0) {
    const std::size_t now = std::min<std::uint64_t>(blocks, raw.size() / 4);
    place.sizes.read(std::span(raw).first(now * 4));
    for (std::size_t i = 0; i < now; ++i) {
      std::uint32_t listed;
      std::memcpy(&listed, raw.data() + i * 4, 4);
      place.position += le32toh(listed) & ~kPlainData;
    }
    blocks -= now;
  }
}

BlockList::BlockList(const Inode& inode, std::uint64_t blocks) {
  Place place{inode.rest, inode.data_start};
  for (;;) {
    place.sizes.let_go();
    places_.push_back(place);
    if (blocks <= kStride) return;
    skip_blocks(place, kStride);
    blocks -= kStride;
  }
}

BlockList::Place BlockList::find(std::uint64_t block) const {
  Place place = places_.at(block / kStride);
  skip_blocks(place, block % kStride);
  return place;
}

StoredBlock stored_block(std::uint64_t position, std::uint32_t listed) {
  const StoredBlock block{position, listed & (kPlainData - 1), (listed & kPlainData) == 0};
  if ((listed & ~(2 * kPlainData - 1)) != 0) throw Error(EIO, "a data block has an impossible size");
  return block;
}

}  // namespace sabot
