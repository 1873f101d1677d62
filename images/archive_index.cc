// SPDX-License-Identifier: Apache-2.0
// archive_index.cc: see archive_index.h.
#include "images/archive_index.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "images/entry_name.h"
#include "images/limits.h"
#include "images/tar_reader.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

Packing packing_of_file(int fd) {
  std::uint8_t first[8];
  const ssize_t got = check(::pread(fd, first, sizeof first, 0), "read");
  return packing_of({first, static_cast<std::size_t>(got)});
}

/// A piece of what a file decompresses to: all before it is decompressed and forgotten.
class PieceOfPacked : public ByteSource {
 public:
  PieceOfPacked(int fd, Packing packing, std::uint64_t offset, std::uint64_t bytes)
      : file_(fd), unpacked_(decompress(file_, packing)), before_(offset), left_(bytes) {}

  std::size_t read(std::span<std::uint8_t> into) override {
    while (before_ > 0) {
      const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), before_));
      const std::size_t got = unpacked_->read(into.first(wanted));
      if (got == 0) throw Refused("the archive became shorter while it was read");
      before_ -= got;
    }
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    const std::size_t got = wanted > 0 ? unpacked_->read(into.first(wanted)) : 0;
    left_ -= got;
    return got;
  }

 private:
  FileSource file_;
  std::unique_ptr<ByteSource> unpacked_;
  std::uint64_t before_;
  std::uint64_t left_;
};

/// Bytes that are in memory already.
class TextSource : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  std::size_t read(std::span<std::uint8_t> into) override {
    const std::size_t give = std::min(into.size(), text_.size() - at_);
    std::copy_n(text_.data() + at_, give, into.begin());
    at_ += give;
    return give;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

/// Where the link at `name` leads, from the archive's root; empty where that is outside of it.
std::string target_of(const std::string& name, const TarEntry& entry) {
  if (entry.target.starts_with('/')) return {};
  std::string at = entry.is_hard_link ? "" : std::string(split_name(name).first);
  for (std::string_view rest = entry.target; !rest.empty();) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      at.append(at.empty() ? "" : "/").append(part);
    } else if (at.empty()) {
      return {};
    } else {
      at = split_name(at).first;
    }
  }
  return at.size() <= kMaxPathBytes ? at : std::string{};
}

std::string content_of(TarReader& tar) {
  std::string content;
  std::uint64_t offset = 0;
  std::span<const std::uint8_t> bytes;
  while (tar.next_data(offset, bytes))
    content.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return content;
}

bool is_hex_id(std::string_view word) {
  return word.size() == 64 && word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

ArchiveIndex::ArchiveIndex(int fd) : fd_(fd), packing_(packing_of_file(fd)) { read_headers(); }

void ArchiveIndex::read_headers() {
  FileSource file(fd_);
  const std::unique_ptr<ByteSource> unpacked =
      packing_ == Packing::none ? nullptr : decompress(file, packing_);
  TarReader tar(unpacked ? *unpacked : file);
  std::size_t kept_bytes = 0;
  for (TarEntry entry; tar.next(entry);) {
    if (entries_.size() >= kMaxArchiveEntries)
      throw Refused("more than 100000 entries for an archive of images");
    const std::string name = normalise_entry_name(entry.name);
    Place place;
    place.offset = tar.data_position();
    place.bytes = entry.size_bytes;
    place.is_file = entry.type == FileType::regular && !entry.is_hard_link && !entry.is_sparse;
    if (entry.is_hard_link || entry.type == FileType::symlink) place.link = target_of(name, entry);
    if (unpacked && place.is_file && place.bytes <= std::min(kJsonBytes, kMaxKeptBytes - kept_bytes)) {
      place.content = content_of(tar);
      place.kept = place.content.size() == place.bytes;
      kept_bytes += place.content.size();
    }
    entries_[name] = std::move(place);
  }
  if (entries_.empty()) throw Refused("an archive with nothing in it");
}

const ArchiveIndex::Place* ArchiveIndex::resolve(const std::string& name) const {
  auto found = entries_.find(name);
  for (int links = 0; found != entries_.end() && !found->second.link.empty(); ++links) {
    if (links >= kMaxSymlinks) throw Refused("'" + printable(name) + "' leads through links without end");
    found = entries_.find(found->second.link);
  }
  return found != entries_.end() && found->second.is_file ? &found->second : nullptr;
}

const ArchiveIndex::Place& ArchiveIndex::file(const std::string& name) const {
  const Place* place = resolve(name);
  if (place == nullptr)
    throw Refused("the archive has no file '" + printable(name.substr(0, 200)) + "'" +
                  (entries_.contains(name) ? ", but something else of that name" : ""));
  return *place;
}

std::unique_ptr<ByteSource> ArchiveIndex::open(const std::string& name) const {
  const Place& place = file(name);
  if (place.kept) return std::make_unique<TextSource>(place.content);
  if (packing_ == Packing::none)
    return std::make_unique<FileSource>(fd_, FileSource::Piece{place.offset, place.bytes});
  return std::make_unique<PieceOfPacked>(fd_, packing_, place.offset, place.bytes);
}

std::uint64_t ArchiveIndex::size_of(const std::string& name) const { return file(name).bytes; }

std::string ArchiveIndex::read_text(const std::string& name) const {
  Context doing{"read '" + printable(name.substr(0, 200)) + "' of the archive"};
  const std::unique_ptr<ByteSource> bytes = open(name);
  return read_whole(*bytes, kJsonBytes);
}

std::vector<std::string> ArchiveIndex::names() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& [name, place] : entries_) names.push_back(name);
  return names;
}

ArchiveKind archive_kind(int fd) {
  FileSource file(fd);
  const std::unique_ptr<ByteSource> unpacked = decompress(file, packing_of_file(fd));
  TarReader tar(*unpacked);
  std::string name;
  for (TarEntry entry; name.empty() && tar.next(entry);) name = normalise_entry_name(entry.name);
  const std::string_view first = std::string_view(name).substr(0, name.find('/'));
  if (first == "manifest" || first == "rootfs") return ArchiveKind::aci;
  const bool is_hex =
      is_hex_id(first) || (first.size() > 64 && is_hex_id(first.substr(0, 64)) && first[64] == '.');
  if (is_hex || first == "manifest.json" || first == "repositories") return ArchiveKind::docker;
  if (first != "blobs" && first != "oci-layout" && first != "index.json") return ArchiveKind::rootfs;
  return ArchiveIndex(fd).has("manifest.json") ? ArchiveKind::docker
                                               : ArchiveKind::oci;  // Docker's since 25 are both
}

}  // namespace sabot::images
