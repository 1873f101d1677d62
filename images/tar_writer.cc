// SPDX-License-Identifier: Apache-2.0
// tar_writer.cc: see tar_writer.h. Source: libarchive 3.6; pax headers only where ustar has no room.
#include "images/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <exception>

#include "sys/error.h"

namespace sabot::images {
namespace {

struct WriteFree {
  void operator()(archive* a) const { archive_write_free(a); }
};
struct EntryFree {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using Entry = std::unique_ptr<archive_entry, EntryFree>;

mode_t type_of(FileType type) {
  switch (type) {
    case FileType::directory:
      return S_IFDIR;
    case FileType::symlink:
      return S_IFLNK;
    case FileType::fifo:
      return S_IFIFO;
    default:
      return S_IFREG;
  }
}

}  // namespace

struct TarWriter::State {
  Sink sink;
  std::string prefix;
  std::exception_ptr failed;
  std::unique_ptr<archive, WriteFree> out{archive_write_new()};

  static la_ssize_t write(archive* a, void* self, const void* bytes, std::size_t count) noexcept {
    auto* state = static_cast<State*>(self);
    try {
      state->sink({static_cast<const std::uint8_t*>(bytes), count});
      return static_cast<la_ssize_t>(count);
    } catch (...) {
      state->failed = std::current_exception();
      archive_set_error(a, EIO, "the target failed");
      return -1;
    }
  }

  // A warning is about a name that is no UTF-8: it is kept as the bytes it has.
  void checked(la_ssize_t rc) {
    if (rc >= ARCHIVE_WARN) return;
    if (failed) std::rethrow_exception(failed);
    throw Refused(archive_error_string(out.get()) != nullptr ? archive_error_string(out.get()) : "write tar");
  }

  std::string name_of(const std::string& path, bool is_root) const {
    return is_root && prefix.empty() ? "./" : prefix + path;
  }
};

TarWriter::TarWriter(Sink sink, std::string prefix) : state_(std::make_unique<State>()) {
  state_->sink = std::move(sink);
  state_->prefix = std::move(prefix);
  archive* out = state_->out.get();
  if (out == nullptr) throw Error(ENOMEM, "archive_write_new");
  state_->checked(archive_write_set_format_pax_restricted(out));
  state_->checked(archive_write_open(out, state_.get(), nullptr, &State::write, nullptr));
}

TarWriter::~TarWriter() = default;

void TarWriter::add(const ImageEntry& entry, const ReadContent& content) {
  const Inode& inode = *entry.inode;
  const Entry header{archive_entry_new()};
  archive_entry* h = header.get();
  archive_entry_copy_pathname(h, state_->name_of(entry.path, entry.path.empty()).c_str());
  archive_entry_set_filetype(h, type_of(inode.type));
  archive_entry_set_perm(h, inode.mode);
  archive_entry_set_uid(h, inode.uid);
  archive_entry_set_gid(h, inode.gid);
  archive_entry_set_mtime(h, inode.mtime_s, 0);
  const bool has_bytes = entry.link.empty() && inode.type == FileType::regular;
  archive_entry_set_size(h, has_bytes ? static_cast<la_int64_t>(inode.size_bytes) : 0);
  if (!entry.link.empty())
    archive_entry_copy_hardlink(h, (state_->prefix + entry.link).c_str());
  else if (inode.type == FileType::symlink)
    archive_entry_copy_symlink(h, inode.target.c_str());
  if (entry.link.empty())
    for (const Xattr& xattr : inode.xattrs)
      archive_entry_xattr_add_entry(h, xattr.name.c_str(), xattr.value.data(), xattr.value.size());
  state_->checked(archive_write_header(state_->out.get(), h));
  if (!has_bytes || inode.size_bytes == 0) return;
  content([&](std::span<const std::uint8_t> bytes) {
    state_->checked(archive_write_data(state_->out.get(), bytes.data(), bytes.size()));
  });
}

void TarWriter::add_file(const std::string& name, std::string_view bytes) {
  const Entry header{archive_entry_new()};
  archive_entry_copy_pathname(header.get(), name.c_str());
  archive_entry_set_filetype(header.get(), S_IFREG);
  archive_entry_set_perm(header.get(), 0644);
  archive_entry_set_size(header.get(), static_cast<la_int64_t>(bytes.size()));
  archive_entry_set_mtime(header.get(), 0, 0);
  state_->checked(archive_write_header(state_->out.get(), header.get()));
  state_->checked(archive_write_data(state_->out.get(), bytes.data(), bytes.size()));
}

void TarWriter::finish() { state_->checked(archive_write_close(state_->out.get())); }

}  // namespace sabot::images
