// SPDX-License-Identifier: Apache-2.0
// handles.h: libsquashfs objects with owners, its errors as ours, a file by descriptor. Only this folder
// includes libsquashfs (squashfs-tools-ng 1.2).
#pragma once

#include <sqfs/compressor.h>
#include <sqfs/error.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/predef.h>

#include <cstdint>
#include <memory>
#include <string>

namespace sabot::images {

struct SqfsDestroy {
  template <class T>
  void operator()(T* object) const {
    sqfs_destroy(object);
  }
};
template <class T>
using Sqfs = std::unique_ptr<T, SqfsDestroy>;

struct SqfsFree {
  void operator()(sqfs_inode_generic_t* inode) const { sqfs_free(inode); }
};
using SqfsInode = std::unique_ptr<sqfs_inode_generic_t, SqfsFree>;

/// A borrowed descriptor as libsquashfs's file. Reads beyond `size` fail instead of ending short.
struct FdFile : sqfs_file_t {
  /// `size`  what reads may see, and where appending starts
  /// `base`  where in `fd` the file system begins
  FdFile(int fd, std::uint64_t size, std::uint64_t base = 0);
  int fd;
  std::uint64_t base;
  std::uint64_t size;
  int error = 0;  ///< errno of the first call that failed
};

/// Throws for a negative `rc`: Error with file.error where the file failed, else Refused with libsquashfs's
/// reason.
void check_sqfs(int rc, const char* what, const FdFile& file);

/// What `pointer` holds; throws Error{ENOMEM} when it is null, as libsquashfs's constructors mean it.
template <class T>
Sqfs<T> own(T* pointer, const char* what);

[[noreturn]] void throw_no_memory(const char* what);

template <class T>
Sqfs<T> own(T* pointer, const char* what) {
  if (pointer == nullptr) throw_no_memory(what);
  return Sqfs<T>(pointer);
}

/// `level` 0: the library's default. Throws Refused where the library was built without `id`.
Sqfs<sqfs_compressor_t> make_compressor(SQFS_COMPRESSOR id, std::uint32_t block_size, int level,
                                        bool uncompress);

/// Let `compressor` leave every block as it is: squashfs marks such blocks, and any reader takes them.
void leave_uncompressed(sqfs_compressor_t& compressor);

}  // namespace sabot::images
