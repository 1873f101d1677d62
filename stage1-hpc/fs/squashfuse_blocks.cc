// SPDX-License-Identifier: Apache-2.0
// squashfuse_blocks.cc: stored blocks read from a descriptor and decompressed by libsquashfuse. The only file
// that includes its headers. Not here: everything that walks the image (squashfs_reader.h). libsquashfuse
// 0.1.105 believes the image: a directory index overruns its name buffer (sqfs_dir_lookup), table indices and
// fragment offsets are not checked, and it swaps the xattr prefixes security. and trusted. (xattr.c). So only
// its decompressors are used: they are told both sizes, keep no state, and need no lock.

#include "fs/block_source.h"
#include "sys/error.h"

extern "C" {
#include <squashfuse/common.h>
#include <squashfuse/decompress.h>
#include <squashfuse/squashfs_fs.h>
}

#include <endian.h>

#include <algorithm>
#include <string>
#include <vector>

namespace sabot {
namespace {

constexpr std::size_t kStoredBytesMax = SQUASHFS_FILE_MAX_SIZE;

class SquashfuseBlocks : public BlockSource {
 public:
  SquashfuseBlocks(UniqueFd image, std::uint64_t offset, std::uint64_t size_bytes)
      : image_(std::move(image)), offset_(offset), size_bytes_(size_bytes) {}

  void use(sqfs_decompressor decompress) { decompress_ = decompress; }
  std::uint64_t size_bytes() const override { return size_bytes_; }

  void read_raw(std::uint64_t position, std::span<char> into) const override {
    if (position > size_bytes_ || into.size() > size_bytes_ - position)
      throw Error(EIO, "read of the image past its end");
    std::uint64_t at = offset_ + position;
    while (!into.empty()) {
      const ssize_t got = ::pread(image_.get(), into.data(), into.size(), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      check(got, "pread", "image");
      if (got == 0) throw Error(EIO, "the image became shorter while in use");
      into = into.subspan(static_cast<std::size_t>(got));
      at += static_cast<std::uint64_t>(got);
    }
  }

  std::size_t read_block(const StoredBlock& block, std::span<char> into) const override {
    if (!block.compressed) {
      if (block.stored_bytes > into.size()) throw Error(EIO, "a stored block is larger than a block");
      read_raw(block.position, into.first(block.stored_bytes));
      return block.stored_bytes;
    }
    if (block.stored_bytes > kStoredBytesMax) throw Error(EIO, "a compressed block is larger than a block");
    thread_local std::vector<char> stored;
    stored.resize(std::max<std::size_t>(stored.size(), block.stored_bytes));
    read_raw(block.position, std::span(stored).first(block.stored_bytes));
    return unpack(true, std::span<const char>(stored).first(block.stored_bytes), into);
  }

  std::size_t unpack(bool compressed, std::span<const char> stored, std::span<char> into) const override {
    std::size_t size = into.size();
    if (!compressed) {
      if (stored.size() > into.size()) throw Error(EIO, "a stored block is larger than a block");
      std::copy(stored.begin(), stored.end(), into.begin());
      return stored.size();
    }
    char* const from = const_cast<char*>(stored.data());  // NOLINT: libsquashfuse only reads it
    if (decompress_(from, stored.size(), into.data(), &size) != SQFS_OK || size > into.size())
      throw Error(EIO, "a block of the image does not decompress");
    return size;
  }

 private:
  UniqueFd image_;
  std::uint64_t offset_;
  std::uint64_t size_bytes_;
  sqfs_decompressor decompress_ = nullptr;
};

std::string name_of(int compression) {
  const char* name = sqfs_compression_name(compression);
  return name != nullptr ? name : "number " + std::to_string(compression);
}

}  // namespace

std::unique_ptr<BlockSource> open_block_source(UniqueFd file, ImagePlace place) {
  const auto end = static_cast<std::uint64_t>(check(::lseek(file.get(), 0, SEEK_END), "lseek", "image"));
  const std::uint64_t left = place.offset > end ? 0 : end - place.offset;
  if (place.bytes > left) throw Refused("the file ends before the image that it should hold");
  const std::uint64_t size_bytes = place.bytes != 0 ? place.bytes : left;
  squashfs_super_block super{};
  if (size_bytes < sizeof super) throw Refused("the image is too short to be a squashfs");
  auto blocks = std::make_unique<SquashfuseBlocks>(std::move(file), place.offset, size_bytes);
  blocks->read_raw(0, {reinterpret_cast<char*>(&super), sizeof super});
  if (le32toh(super.s_magic) != SQUASHFS_MAGIC)
    throw Refused("the image is no squashfs: its magic is missing");
  if (le16toh(super.s_major) != SQUASHFS_MAJOR || le16toh(super.s_minor) != SQUASHFS_MINOR)
    throw Refused("the image is squashfs " + std::to_string(le16toh(super.s_major)) + ", only 4.0 is served");
  const int compression = le16toh(super.compression);
  const sqfs_decompressor decompress = sqfs_decompressor_get(compression);
  if (decompress == nullptr)
    throw Refused("the image is compressed with " + name_of(compression) + ", which is not built in");
  blocks->use(decompress);
  return blocks;
}

}  // namespace sabot
