// SPDX-License-Identifier: Apache-2.0
// squashfs_reader.cc: an ImageReader over a squashfs. Keeps directories and block lists it has decoded for a
// while; everything else is decoded again from cached blocks. The caches lock; nothing else here changes
// after the constructor. Not here: decoding (squashfs_inode.cc), blocks (squashfs_blocks.cc), attributes by
// name (squashfs_xattr.cc).
#include <sys/stat.h>

#include <algorithm>

#include "fs/squashfs_inode.h"
#include "fs/squashfs_xattr.h"
#include "sys/error.h"

namespace sabot {
namespace {

constexpr std::size_t kDirectoryCacheBytes = std::size_t{6} << 20;
constexpr std::size_t kBlockListCacheBytes = std::size_t{2} << 20;
constexpr std::uint64_t kFileBlocksMax = std::uint64_t{1} << 28;  // 32 TiB in blocks of 128 KiB

class SquashfsReader : public ImageReader {
 public:
  explicit SquashfsReader(std::unique_ptr<BlockSource> source)
      : blocks_(std::move(source)),
        ids_(blocks_, blocks_.super().id_table, blocks_.super().ids, 4),
        fragments_(blocks_, blocks_.super().fragment_table, blocks_.super().fragments, 16),
        xattrs_(blocks_),
        directories_(kDirectoryCacheBytes),
        block_lists_(kBlockListCacheBytes) {
    if (!S_ISDIR(read_inode(blocks_, SquashfsReader::root()).attr.mode))
      throw Refused("the image's root is not a directory");
  }

  NodeId root() override { return blocks_.super().root_inode; }

  std::optional<NodeId> lookup(NodeId parent, std::string_view name) override {
    return directory(parent)->find(name);
  }

  NodeAttr attr(NodeId node) override {
    NodeAttr attr = read_inode(blocks_, node).attr;
    attr.uid = ids_.at(attr.uid).u32();
    attr.gid = ids_.at(attr.gid).u32();
    return attr;
  }

  void readdir(NodeId dir, std::uint64_t cookie, const EntrySink& sink) override {
    const std::shared_ptr<const Directory> listing = directory(dir);
    for (std::uint64_t i = cookie; i < listing->size(); ++i)
      if (!sink(listing->entry(i))) return;
  }

  std::string readlink(NodeId link) override {
    Inode inode = read_inode(blocks_, link);
    if (!S_ISLNK(inode.attr.mode)) throw Error(EINVAL, "readlink of what is no symlink");
    std::string target(inode.attr.size_bytes, '\0');
    inode.rest.read(target);
    if (target.empty() || target.find('\0') != target.npos)
      throw Error(EIO, "a symlink has an impossible target");
    return target;
  }

  std::size_t read(NodeId file, std::uint64_t offset, std::span<char> into) override;

  bool has_xattrs() override { return xattrs_.any(); }
  std::vector<std::string> list_xattrs(NodeId node) override {
    return xattrs_.list(read_inode(blocks_, node).xattr);
  }
  std::optional<std::string> xattr(NodeId node, std::string_view name) override {
    return xattrs_.find(read_inode(blocks_, node).xattr, name);
  }

  ImageTotals totals() override {
    const Superblock& super = blocks_.super();
    return {super.bytes_used, super.inodes, super.block_bytes};
  }
  StartBlocks& start_blocks() override { return blocks_.start_blocks(); }
  void read_ahead(std::span<const StoredBlock> wanted) noexcept override { blocks_.read_ahead(wanted); }

 private:
  std::shared_ptr<const Directory> directory(NodeId dir) {
    return directories_.get(dir, [&] {
      const Inode inode = read_inode(blocks_, dir);
      if (!S_ISDIR(inode.attr.mode)) throw Error(ENOTDIR, "lookup in what is no directory");
      return Directory(blocks_, inode);
    });
  }
  std::uint64_t whole_blocks(const Inode& inode) const;
  BlockList::Place find_block(const Inode& inode, std::uint64_t block);
  void copy_fragment(const Inode& inode, std::uint64_t within, std::span<char> into);
  void copy_block(const StoredBlock& stored, std::uint64_t within, std::span<char> into);

  SquashfsBlocks blocks_;
  MetadataTable ids_;
  MetadataTable fragments_;
  SquashfsXattrs xattrs_;
  SharedCache<Directory> directories_;
  SharedCache<BlockList> block_lists_;
};

// Blocks in the file's list; what is left over is in a fragment, which files share.
std::uint64_t SquashfsReader::whole_blocks(const Inode& inode) const {
  const std::uint64_t block_bytes = blocks_.super().block_bytes;
  const std::uint64_t blocks = inode.attr.size_bytes / block_bytes;
  const bool partial = inode.attr.size_bytes % block_bytes != 0;
  return blocks + (inode.fragment == kNoFragment && partial ? 1 : 0);
}

BlockList::Place SquashfsReader::find_block(const Inode& inode, std::uint64_t block) {
  const std::uint64_t blocks = whole_blocks(inode);
  if (blocks > kFileBlocksMax) throw Error(EFBIG, "a file has too many blocks");
  if (block < BlockList::kStride) {
    BlockList::Place place{inode.rest, inode.data_start};
    skip_blocks(place, block);
    return place;
  }
  return block_lists_.get(inode.attr.ino, [&] { return BlockList(inode, blocks); })->find(block);
}

void SquashfsReader::copy_block(const StoredBlock& stored, std::uint64_t within, std::span<char> into) {
  if (stored.stored_bytes == 0) {
    std::fill(into.begin(), into.end(), '\0');
    return;
  }
  const std::shared_ptr<const Block> block = blocks_.data(stored);
  if (within > block->size || into.size() > block->size - within)
    throw Error(EIO, "a data block is too short");
  std::memcpy(into.data(), block->bytes.get() + within, into.size());
}

void SquashfsReader::copy_fragment(const Inode& inode, std::uint64_t within, std::span<char> into) {
  MetadataCursor record = fragments_.at(inode.fragment);
  const std::uint64_t position = record.u64();
  const StoredBlock stored = stored_block(position, record.u32());
  if (stored.stored_bytes == 0) throw Error(EIO, "a fragment is empty");
  copy_block(stored, inode.fragment_offset + within, into);
}

std::size_t SquashfsReader::read(NodeId file, std::uint64_t offset, std::span<char> into) {
  const Inode inode = read_inode(blocks_, file);
  if (!S_ISREG(inode.attr.mode))
    throw Error(S_ISDIR(inode.attr.mode) ? EISDIR : EINVAL, "read of what is no file");
  if (offset >= inode.attr.size_bytes) return 0;
  const std::size_t total = std::min<std::uint64_t>(into.size(), inode.attr.size_bytes - offset);
  const std::uint64_t block_bytes = blocks_.super().block_bytes;
  const std::uint64_t listed = whole_blocks(inode);
  std::uint64_t block = offset / block_bytes;
  std::uint64_t within = offset % block_bytes;
  BlockList::Place place;
  if (block < listed) place = find_block(inode, block);
  for (std::span<char> left = into.first(total); !left.empty(); ++block, within = 0) {
    const std::span<char> now = left.first(std::min<std::uint64_t>(left.size(), block_bytes - within));
    left = left.subspan(now.size());
    if (block >= listed) {
      copy_fragment(inode, within, now);
      continue;
    }
    const StoredBlock stored = stored_block(place.position, place.sizes.u32());
    place.position += stored.stored_bytes;
    const bool whole = now.size() == std::min(block_bytes, inode.attr.size_bytes - block * block_bytes);
    if (whole && stored.stored_bytes != 0)
      blocks_.data_into(stored, now);
    else
      copy_block(stored, within, now);
  }
  return total;
}

}  // namespace

std::unique_ptr<ImageReader> open_squashfs(UniqueFd file, ImagePlace place) {
  return std::make_unique<SquashfsReader>(open_block_source(std::move(file), place));
}

}  // namespace sabot
