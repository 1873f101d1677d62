// SPDX-License-Identifier: Apache-2.0
// handles.cc: see handles.h.
#include "images/squashfs/handles.h"

#include <unistd.h>

#include <atomic>

#include "images/squashfs/lzo.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

FdFile& self(sqfs_file_t* file) { return *static_cast<FdFile*>(file); }

int failed(FdFile& file) noexcept {
  if (file.error == 0) file.error = errno;
  return SQFS_ERROR_IO;
}

int read_at(sqfs_file_t* base, sqfs_u64 offset, void* buffer, std::size_t bytes) noexcept {
  FdFile& file = self(base);
  if (offset > file.size || bytes > file.size - offset) return SQFS_ERROR_OUT_OF_BOUNDS;
  auto* into = static_cast<char*>(buffer);
  while (bytes > 0) {
    const ssize_t got = ::pread(file.fd, into, bytes, static_cast<off_t>(file.base + offset));
    if (got == -1 && errno == EINTR) continue;
    if (got == -1) return failed(file);
    if (got == 0) return SQFS_ERROR_OUT_OF_BOUNDS;
    into += got;
    offset += static_cast<sqfs_u64>(got);
    bytes -= static_cast<std::size_t>(got);
  }
  return 0;
}

int write_at(sqfs_file_t* base, sqfs_u64 offset, const void* buffer, std::size_t bytes) noexcept {
  FdFile& file = self(base);
  const auto* from = static_cast<const char*>(buffer);
  while (bytes > 0) {
    const ssize_t put = ::pwrite(file.fd, from, bytes, static_cast<off_t>(file.base + offset));
    if (put == -1 && errno == EINTR) continue;
    if (put == -1) return failed(file);
    from += put;
    offset += static_cast<sqfs_u64>(put);
    bytes -= static_cast<std::size_t>(put);
  }
  if (offset > file.size) file.size = offset;
  return 0;
}

sqfs_u64 get_size(const sqfs_file_t* file) noexcept { return static_cast<const FdFile*>(file)->size; }

int truncate(sqfs_file_t* base, sqfs_u64 size) noexcept {
  FdFile& file = self(base);
  if (::ftruncate(file.fd, static_cast<off_t>(file.base + size)) == -1) return failed(file);
  file.size = size;
  return 0;
}

const char* reason(int rc) {
  switch (rc) {
    case SQFS_ERROR_ALLOC:
      return "out of memory";
    case SQFS_ERROR_COMPRESSOR:
      return "damaged or incompressible data";
    case SQFS_ERROR_UNSUPPORTED:
      return "not supported by libsquashfs";
    case SQFS_ERROR_OVERFLOW:
      return "a number is too large for squashfs";
    case SQFS_ERROR_OUT_OF_BOUNDS:
      return "something points outside the file";
    case SQFS_ERROR_NO_ENTRY:
      return "no such file";
    case SQFS_ERROR_NOT_DIR:
      return "not a directory";
    case SQFS_ERROR_LINK_LOOP:
      return "a loop";
    default:
      return "damaged";
  }
}

using DoBlock = decltype(sqfs_compressor_t::do_block);
std::atomic<DoBlock> library_lz4{nullptr};

/// libsquashfs 1.2 keeps what lz4 made larger, which other readers call damage; 0 means "leave it as it is".
sqfs_s32 lz4_if_smaller(sqfs_compressor_t* compressor, const sqfs_u8* in, sqfs_u32 size, sqfs_u8* out,
                        sqfs_u32 out_size) noexcept {
  const sqfs_s32 rc = library_lz4.load()(compressor, in, size, out, out_size);
  return rc > 0 && static_cast<sqfs_u32>(rc) >= size ? 0 : rc;
}

sqfs_s32 never_smaller(sqfs_compressor_t*, const sqfs_u8*, sqfs_u32, sqfs_u8*, sqfs_u32) noexcept {
  return 0;
}

}  // namespace

void leave_uncompressed(sqfs_compressor_t& compressor) { compressor.do_block = never_smaller; }

FdFile::FdFile(int descriptor, std::uint64_t bytes, std::uint64_t begin)
    : sqfs_file_t{}, fd(descriptor), base(begin), size(bytes) {
  sqfs_file_t::read_at = images::read_at;
  sqfs_file_t::write_at = images::write_at;
  sqfs_file_t::get_size = images::get_size;
  sqfs_file_t::truncate = images::truncate;
}

void check_sqfs(int rc, const char* what, const FdFile& file) {
  if (rc >= 0) return;
  if (file.error != 0) throw Error(file.error, what);
  if (rc == SQFS_ERROR_ALLOC) throw_no_memory(what);
  throw Refused(std::string(what) + ": " + reason(rc));
}

void throw_no_memory(const char* what) { throw Error(ENOMEM, what); }

Sqfs<sqfs_compressor_t> make_compressor(SQFS_COMPRESSOR id, std::uint32_t block_size, int level,
                                        bool uncompress) {
  if (id == SQFS_COMP_LZO && uncompress) return make_lzo_decompressor();
  sqfs_compressor_config_t config;
  const auto flags = static_cast<sqfs_u16>(uncompress ? SQFS_COMP_FLAG_UNCOMPRESS : 0);
  sqfs_compressor_t* compressor = nullptr;
  int rc = sqfs_compressor_config_init(&config, id, block_size, flags);
  if (rc == 0 && level != 0) config.level = static_cast<sqfs_u32>(level);
  if (rc == 0) rc = sqfs_compressor_create(&config, &compressor);
  if (rc != 0) {
    const char* name = sqfs_compressor_name_from_id(id);
    throw Refused(std::string(name != nullptr ? name : "unknown") + " compression" +
                  (level != 0 ? " at level " + std::to_string(level) : "") +
                  " is not supported by libsquashfs");
  }
  if (id == SQFS_COMP_LZ4 && !uncompress) {
    library_lz4 = compressor->do_block;
    compressor->do_block = lz4_if_smaller;  // copies for other threads keep it
  }
  return Sqfs<sqfs_compressor_t>(compressor);
}

}  // namespace sabot::images
