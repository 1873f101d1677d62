// SPDX-License-Identifier: Apache-2.0
// directory_image.cc: see directory_image.h.
#include "images/directory_image.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "images/squashfs_file.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

bool is_root_file_system(int dir) {
  struct stat st {};
  const char* const names[] = {"usr", "bin", "etc", "lib", "sbin"};
  return std::any_of(
             std::begin(names), std::end(names),
             [&](const char* name) { return ::fstatat(dir, name, &st, 0) == 0 && S_ISDIR(st.st_mode); }) ||
         ::fstatat(dir, kLaunchConfigPath, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace

UniqueFd open_root_directory(const std::string& path) {
  UniqueFd dir{check(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open")};
  if (!is_root_file_system(dir.get()))
    throw Refused(
        "a directory, but no root file system: it has none of usr, bin, etc, lib and sbin; name the "
        "directory "
        "that has them, or make an image of this one with `sabot image import`");
  return dir;
}

LaunchConfig read_directory_config(int dir) {
  Context doing{std::string("read '/") + kLaunchConfigPath + "' of the image"};
  UniqueFd file;
  try {
    file = open_in_root(dir, kLaunchConfigPath, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  } catch (const Error& e) {
    if (e.code().value() == ENOENT || e.code().value() == ENOTDIR) return {};
    throw;
  }
  struct stat st {};
  check(::fstat(file.get(), &st), "fstat");
  if (!S_ISREG(st.st_mode)) throw Refused("not a regular file");
  return parse_launch_config(read_all(file.get(), kJsonBytes));
}

}  // namespace sabot::images
