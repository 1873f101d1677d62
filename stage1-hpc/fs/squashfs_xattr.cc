// SPDX-License-Identifier: Apache-2.0
// squashfs_xattr.cc: names and values of extended attributes.
// Not here: which of them a pod may see (fuse_server.cc).
#include "fs/squashfs_xattr.h"

#include <array>

#include "fs/squashfs_inode.h"
#include "sys/error.h"

namespace sabot {
namespace {

constexpr std::uint16_t kElsewhere = 0x100;  // the value is a reference to one that another inode has as well
constexpr std::uint32_t kValueBytesMax = 65536;  // XATTR_SIZE_MAX
constexpr std::uint32_t kNameBytesMax = 255;
constexpr std::uint32_t kXattrsMax = 65536;

std::string_view prefix_of(std::uint16_t type) {
  constexpr std::array<std::string_view, 3> prefixes{"user.", "trusted.", "security."};
  if ((type & 0xff) >= prefixes.size()) throw Error(EIO, "an extended attribute has no known prefix");
  return prefixes[type & 0xff];
}

}  // namespace

SquashfsXattrs::SquashfsXattrs(SquashfsBlocks& blocks) : blocks_(&blocks) {
  const std::uint64_t start = blocks.super().xattr_table;
  if (start == kNoTable) return;
  if (start >= blocks.super().bytes_used) throw Refused("the image is damaged: its xattrs lie outside of it");
  std::array<char, 16> raw;
  blocks.read_raw(start, raw);
  std::uint32_t records;
  std::memcpy(&values_, raw.data(), sizeof values_);
  std::memcpy(&records, raw.data() + 8, sizeof records);
  values_ = le64toh(values_);
  table_ = MetadataTable(blocks, start + raw.size(), le32toh(records), 16);
}

void SquashfsXattrs::walk(std::uint32_t index, const Visit& visit) const {
  if (index == kNoXattr || !any()) return;
  MetadataCursor record = table_.at(index);
  const std::uint64_t reference = record.u64();
  const std::uint32_t count = record.u32();
  if (count > kXattrsMax) throw Error(EIO, "an inode has an impossible number of extended attributes");
  if (count == 0) return;
  MetadataCursor in = MetadataCursor::at(*blocks_, values_, reference, blocks_->super().bytes_used);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint16_t type = in.u16();
    std::string name(prefix_of(type));
    const std::uint16_t name_bytes = in.u16();
    if (name_bytes == 0 || name_bytes > kNameBytesMax)
      throw Error(EIO, "an extended attribute has an impossible name");
    const std::size_t prefix_bytes = name.size();
    name.resize(prefix_bytes + name_bytes);
    in.read(std::span(name).subspan(prefix_bytes));
    if (name.find('\0') != name.npos) throw Error(EIO, "an extended attribute has an impossible name");
    MetadataCursor value = in;
    if ((type & kElsewhere) != 0) {
      value.skip(4);  // the size of the reference
      value = MetadataCursor::at(*blocks_, values_, value.u64(), blocks_->super().bytes_used);
    }
    if (visit(name, value)) return;
    const std::uint32_t here_bytes = in.u32();
    if (here_bytes > kValueBytesMax) throw Error(EIO, "an extended attribute is too large");
    in.skip(here_bytes);
  }
}

std::string SquashfsXattrs::value_at(MetadataCursor value) const {
  const std::uint32_t bytes = value.u32();
  if (bytes > kValueBytesMax) throw Error(EIO, "an extended attribute is too large");
  std::string text(bytes, '\0');
  value.read(text);
  return text;
}

std::vector<std::string> SquashfsXattrs::list(std::uint32_t index) const {
  std::vector<std::string> names;
  walk(index, [&](const std::string& name, const MetadataCursor&) {
    names.push_back(name);
    return false;
  });
  return names;
}

std::optional<std::string> SquashfsXattrs::find(std::uint32_t index, std::string_view wanted) const {
  std::optional<std::string> found;
  walk(index, [&](const std::string& name, MetadataCursor value) {
    if (name == wanted) found = value_at(std::move(value));
    return found.has_value();
  });
  return found;
}

}  // namespace sabot
