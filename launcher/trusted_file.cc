// SPDX-License-Identifier: Apache-2.0
// trusted_file.cc: see trusted_file.h.
#include "trusted_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

bool is_foreign(const struct stat& st) { return st.st_uid != 0 && st.st_uid != ::geteuid(); }

void require_own_directory(const std::string& directory) {
  struct stat st {};
  check(::stat(directory.c_str(), &st), "stat", directory);
  const bool others_write = (st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0;
  if (is_foreign(st))
    throw Refused("its directory " + printable(directory) + " is owned by another user; it must be root's");
  if (others_write)
    throw Refused("others can write its directory " + printable(directory) + "; chmod go-w " +
                  printable(directory));
}

}  // namespace

void require_trusted(int fd, const std::string& name) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat", name);
  if (is_foreign(st)) throw Refused("it is owned by another user; it must be root's");
  if ((st.st_mode & 022) != 0) throw Refused("others can write it; chmod go-w " + name);
  const std::filesystem::path place = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd));
  for (std::filesystem::path directory = place.parent_path();; directory = directory.parent_path()) {
    require_own_directory(directory.string());
    if (directory == directory.parent_path()) return;
  }
}

}  // namespace sabot
