// SPDX-License-Identifier: Apache-2.0
// tar_reader.cc: tar by libarchive (3.6). See tar_reader.h.
#include "images/tar_reader.h"

#include <archive_entry.h>
#include <locale.h>
#include <clocale>

#include <algorithm>
#include <cstring>

#include "images/archive_input.h"
#include "images/limits.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

/// While it lives, this thread is in the C locale: libarchive converts pax names to the locale's charset, and
/// in C, where it cannot, it leaves their bytes alone, which is what an image wants.
class PlainBytes {
 public:
  PlainBytes() : plain_(::newlocale(LC_ALL_MASK, "C", nullptr)), outer_(::uselocale(plain_)) {}
  ~PlainBytes() {
    ::uselocale(outer_);
    ::freelocale(plain_);
  }
  PlainBytes(const PlainBytes&) = delete;

 private:
  locale_t plain_;
  locale_t outer_;
};

std::optional<FileType> type_of(archive_entry* entry) {
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return FileType::regular;
    case AE_IFDIR:
      return FileType::directory;
    case AE_IFLNK:
      return FileType::symlink;
    case AE_IFIFO:
      return FileType::fifo;
    default:
      return std::nullopt;
  }
}

std::vector<Xattr> xattrs_of(archive_entry* entry) {
  std::vector<Xattr> xattrs;
  const int count = archive_entry_xattr_reset(entry);
  if (count > static_cast<int>(kMaxXattrs)) throw Refused("more extended attributes than any system allows");
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    if (size > kMaxXattrBytes) throw Refused("an extended attribute larger than 64 KiB");
    if (name != nullptr) xattrs.push_back({name, std::string(static_cast<const char*>(value), size)});
  }
  std::stable_sort(xattrs.begin(), xattrs.end(),
                   [](const Xattr& a, const Xattr& b) { return a.name < b.name; });
  const auto last = std::unique(xattrs.begin(), xattrs.end(),  // SCHILY and LIBARCHIVE both say the same
                                [](const Xattr& a, const Xattr& b) { return a.name == b.name; });
  xattrs.erase(last, xattrs.end());
  return xattrs;
}

}  // namespace

struct TarReader::State {
  explicit State(ByteSource& from) : input(from), handle(archive_read_new()) {}
  PlainBytes plain;  // first in, last out
  ArchiveInput input;
  ArchiveHandle handle;
};

TarReader::TarReader(ByteSource& from) : state_(std::make_unique<State>(from)) {
  archive* a = state_->handle.get();
  if (a == nullptr) throw Error(ENOMEM, "archive_read_new");
  archive_read_support_format_tar(a);
  archive_read_support_format_empty(a);
  state_->input.open(a);
}

TarReader::~TarReader() = default;

bool TarReader::next(TarEntry& out) {
  archive* a = state_->handle.get();
  archive_entry* entry = nullptr;
  const int rc = archive_read_next_header(a, &entry);
  if (rc == ARCHIVE_EOF) return false;
  if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN) state_->input.fail(a);
  if (rc == ARCHIVE_WARN) {  // names that are not in the locale's charset also warn; damage must not pass
    const char* why = archive_error_string(a);
    if (why != nullptr && std::strstr(why, "malformed") != nullptr) throw Refused(why);
  }
  const char* name = archive_entry_pathname(entry);
  const char* link = archive_entry_hardlink(entry);
  const char* symlink = archive_entry_symlink(entry);
  if (name == nullptr) throw Refused("a tar entry without a name");
  out.name = name;
  out.is_hard_link = link != nullptr;
  out.is_sparse = archive_entry_sparse_count(entry) > 0;
  out.target = link != nullptr ? link : symlink != nullptr ? symlink : "";
  out.type = type_of(entry);
  out.mode = static_cast<std::uint16_t>(archive_entry_perm(entry) & 07777);
  out.uid = archive_entry_uid(entry);
  out.gid = archive_entry_gid(entry);
  out.mtime_s = archive_entry_mtime(entry);
  const std::int64_t size = archive_entry_size(entry);
  if (size < 0) throw Refused("'" + printable(out.name) + "' has a negative size");
  out.size_bytes = static_cast<std::uint64_t>(size);
  out.xattrs = xattrs_of(entry);
  return true;
}

std::uint64_t TarReader::data_position() const {
  return static_cast<std::uint64_t>(archive_filter_bytes(state_->handle.get(), 0));
}

bool TarReader::next_data(std::uint64_t& offset, std::span<const std::uint8_t>& bytes) {
  archive* a = state_->handle.get();
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t at = 0;
  const int rc = archive_read_data_block(a, &block, &size, &at);
  if (rc == ARCHIVE_EOF) return false;
  if (rc != ARCHIVE_OK) state_->input.fail(a);
  offset = static_cast<std::uint64_t>(at);
  bytes = {static_cast<const std::uint8_t*>(block), size};
  return true;
}

}  // namespace sabot::images
