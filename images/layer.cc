// SPDX-License-Identifier: Apache-2.0
// layer.cc: see layer.h.
#include "images/layer.h"

#include <algorithm>

#include "images/entry_name.h"
#include "images/squashfs_file.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

std::string quoted(std::string_view name) { return "'" + printable(name.substr(0, 200)) + "'"; }

/// The current entry's bytes into the writer, holes as zeros. `keep` gets a copy when it is not null.
void copy_data(TarReader& tar, const TarEntry& entry, Inode& inode, SquashfsWriter& writer,
               std::string* keep) {
  const std::uint32_t data = writer.begin_file();
  std::uint64_t at = 0;
  std::uint64_t offset = 0;
  std::span<const std::uint8_t> bytes;
  while (tar.next_data(offset, bytes)) {
    if (offset < at || offset > entry.size_bytes || bytes.size() > entry.size_bytes - offset)
      throw Refused(quoted(entry.name) + " has data outside its size");
    writer.append_zeros(offset - at);
    writer.append(bytes);
    at = offset + bytes.size();
    if (keep != nullptr) keep->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  writer.append_zeros(entry.size_bytes - at);
  writer.end_file();
  inode.data = data;
}

std::uint32_t id_of(std::int64_t id, const TarEntry& entry) {
  if (id < 0 || id > std::int64_t{UINT32_MAX} - 1)
    throw Refused(quoted(entry.name) + " has the user or group id " + std::to_string(id));
  return static_cast<std::uint32_t>(id);
}

/// rootfs/a/b -> a/b. Compared by component: rootfs-evil is none.
std::string below_rootfs(const std::string& path) {
  constexpr std::string_view kRootfs = "rootfs";
  if (path == kRootfs) return {};
  if (path.starts_with("rootfs/")) return path.substr(kRootfs.size() + 1);
  throw Refused(quoted(path) +
                " is neither 'manifest' nor below 'rootfs', as all of an App Container image is");
}

class LayerRead {
 public:
  LayerRead(const LayerRules& rules, Collected& collected, SquashfsWriter& writer)
      : rules_(rules), collected_(collected), writer_(writer) {}

  void take(TarReader& tar, const TarEntry& entry) {
    if (entries_.size() >= kMaxEntries) throw Refused("more than 10 million entries in one layer");
    LayerName name = rules_.has_markers ? read_layer_name(entry.name)
                                        : LayerName{LayerName::Kind::entry, normalise_entry_name(entry.name)};
    if (rules_.aci != nullptr && !take_aci_name(tar, entry, name)) {
      ++ordinal_;
      return;
    }
    switch (name.kind) {
      case LayerName::Kind::whiteout:
        entries_.push_back({LayerEntry::Kind::whiteout, name.path, {}, nullptr});
        break;
      case LayerName::Kind::opaque:
        entries_.push_back({LayerEntry::Kind::opaque, name.path, {}, nullptr});
        break;
      case LayerName::Kind::ignored:
        break;
      case LayerName::Kind::entry:
        add(tar, entry, name.path);
    }
    ++ordinal_;
  }

  std::vector<LayerEntry> result() {
    if (rules_.aci != nullptr && (manifests_ != 1 || !rootfs_))
      throw Refused(
          "an App Container image has one file 'manifest' and one directory 'rootfs', this one has " +
          std::to_string(manifests_) + (rootfs_ ? " and one" : " and none"));
    return std::move(entries_);
  }

 private:
  /// An ACI's entry by its place in the image; false where it has none there.
  bool take_aci_name(TarReader& tar, const TarEntry& entry, LayerName& name) {
    if (name.path == "manifest") {
      ++manifests_;
      if (entry.type != FileType::regular || entry.is_hard_link || content_of(tar) != rules_.aci->manifest)
        throw Refused("'manifest' is no regular file, or there are two, or it changed while it was read");
      return false;
    }
    if (name.path.empty()) return false;  // `./`
    const bool is_directory = entry.type == FileType::directory && !entry.is_hard_link;
    name.path = below_rootfs(name.path);
    if (name.path.empty() && !is_directory) throw Refused("'rootfs' is not a directory");
    rootfs_ = true;
    return rules_.aci->keeps(name.path, is_directory);
  }

  std::string content_of(TarReader& tar) const {
    std::string content;
    std::uint64_t offset = 0;
    std::span<const std::uint8_t> bytes;
    while (content.size() <= rules_.aci->manifest.size() && tar.next_data(offset, bytes))
      content.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return content;
  }

  void add(TarReader& tar, const TarEntry& entry, const std::string& path) {
    if (entry.is_hard_link) {
      std::string target = normalise_entry_name(entry.target);
      if (rules_.aci != nullptr) target = below_rootfs(target);
      entries_.push_back({LayerEntry::Kind::hard_link, path, std::move(target), nullptr});
      return;
    }
    if (!entry.type) {
      collected_.notes.add_each(quoted(path), kLeftOut);
      return;
    }
    Inode* inode = make_inode(entry, path);
    entries_.push_back({LayerEntry::Kind::inode, path, {}, inode});
    if (inode->type == FileType::regular && inode->size_bytes > 0) take_data(tar, entry, path, *inode);
  }

  Inode* make_inode(const TarEntry& entry, const std::string& path) {
    Inode* inode = collected_.tree.new_inode();
    inode->type = *entry.type;
    inode->mode = entry.mode;
    inode->uid = id_of(entry.uid, entry);
    inode->gid = id_of(entry.gid, entry);
    inode->mtime_s = squashfs_time(entry.mtime_s);
    inode->layer = rules_.number;
    inode->ordinal = ordinal_;
    inode->xattrs = usable_xattrs(entry.xattrs, path, collected_.notes);
    if (inode->type == FileType::symlink) {
      inode->target = entry.target;
      if (entry.target.empty() || entry.target.size() >= kMaxPathBytes)
        throw Refused(quoted(path) + " is a symlink whose target is empty or longer than 4095 bytes");
    } else if (inode->type == FileType::regular) {
      inode->size_bytes = entry.size_bytes;
    }
    return inode;
  }

  void take_data(TarReader& tar, const TarEntry& entry, const std::string& path, Inode& inode) {
    if (entry.size_bytes > rules_.max_bytes - bytes_)
      throw Refused("more than the limit of " + std::to_string(rules_.max_bytes) + " bytes in one layer");
    bytes_ += entry.size_bytes;
    if (rules_.above != nullptr && rules_.above->hides(path)) return;
    std::string* keep = nullptr;
    if (path == kLaunchConfigPath && entry.size_bytes <= kJsonBytes) keep = &collected_.kept_configs[&inode];
    copy_data(tar, entry, inode, writer_, keep);
  }

  const LayerRules& rules_;
  Collected& collected_;
  SquashfsWriter& writer_;
  std::vector<LayerEntry> entries_;
  std::uint32_t ordinal_ = 0;
  std::uint64_t bytes_ = 0;
  unsigned manifests_ = 0;  // of an ACI
  bool rootfs_ = false;
};

void find_skipped(Node& node, std::uint32_t layer, std::unordered_map<std::uint32_t, Inode*>& skipped) {
  Inode& inode = *node.inode;
  if (inode.type == FileType::regular && inode.size_bytes > 0 && inode.data == kNoData &&
      inode.layer == layer)
    skipped[inode.ordinal] = &inode;
  for (auto& [name, child] : node.children) find_skipped(*child, layer, skipped);
}

bool is_overlay_mark(std::string_view name) {
  return name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.");
}

}  // namespace

std::vector<LayerEntry> read_layer(ByteSource& source, const LayerRules& rules, Collected& collected,
                                   SquashfsWriter& writer) {
  TarReader tar(source);
  LayerRead read(rules, collected, writer);
  for (TarEntry entry; tar.next(entry);) read.take(tar, entry);
  drain(source);  // the digest is of all bytes, whatever stands after the archive's end
  return read.result();
}

void read_layer_again(ByteSource& source, const std::unordered_map<std::uint32_t, Inode*>& wanted,
                      SquashfsWriter& writer) {
  TarReader tar(source);
  std::uint32_t ordinal = 0;
  for (TarEntry entry; tar.next(entry); ++ordinal) {
    const auto found = wanted.find(ordinal);
    if (found == wanted.end()) continue;
    if (entry.size_bytes != found->second->size_bytes)
      throw Refused(quoted(entry.name) + " changed while it was read");
    copy_data(tar, entry, *found->second, writer, nullptr);
  }
  drain(source);
}

std::unordered_map<std::uint32_t, Inode*> skipped_files(Node& root, std::uint32_t layer) {
  std::unordered_map<std::uint32_t, Inode*> skipped;
  find_skipped(root, layer, skipped);
  return skipped;
}

std::uint32_t squashfs_time(std::int64_t seconds) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, UINT32_MAX));
}

std::vector<Xattr> usable_xattrs(std::vector<Xattr> xattrs, std::string_view path, Notes& notes) {
  std::erase_if(xattrs, [&](const Xattr& xattr) {
    if (is_overlay_mark(xattr.name)) return true;
    if (squashfs_holds_xattr(xattr.name) && xattr.name.size() <= kMaxNameBytes) return false;
    notes.add_each(quoted(path),
                   "extended attribute " + quoted(xattr.name) + ", left out: squashfs cannot hold it");
    return true;
  });
  return xattrs;
}

}  // namespace sabot::images
