// SPDX-License-Identifier: Apache-2.0
// command_path.cc: see command_path.h.
#include "command_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sabot {
namespace {

constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

bool is_there(const char* file) {
  struct stat st;
  return ::stat(file, &st) == 0 && !S_ISDIR(st.st_mode);
}

int verdict(const char* file) {
  struct stat st;
  if (::stat(file, &st) == -1) return errno == ENOENT || errno == ENOTDIR ? kNotFound : kNotExecutable;
  if (S_ISDIR(st.st_mode)) errno = EISDIR;
  return S_ISDIR(st.st_mode) || ::faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == -1 ? kNotExecutable : 0;
}

}  // namespace

int find_command(const char* command, const char* path) {
  if (command[0] == '/' || command[0] == '.') return verdict(command);
  char file[PATH_MAX];
  for (const char* dir = path; *dir != '\0'; dir += strspn(dir, ":")) {
    const size_t bytes = strcspn(dir, ":");
    const int whole = snprintf(file, sizeof file, "%.*s/%s", static_cast<int>(bytes), dir, command);
    if (bytes > 0 && whole > 0 && static_cast<size_t>(whole) < sizeof file && is_there(file))
      return verdict(file);
    dir += bytes;
  }
  return verdict(command);
}

}  // namespace sabot
