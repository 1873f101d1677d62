// SPDX-License-Identifier: Apache-2.0
// files.cc: see files.h.
#include "sys/files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "sys/error.h"

namespace sabot {

UniqueFd open_in_root(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  do {  // EAGAIN: something was renamed meanwhile and the kernel cannot vouch for `..` (openat2(2))
    fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
  } while (fd == -1 && (errno == EAGAIN || errno == EINTR));
  return UniqueFd{static_cast<int>(check(fd, "open", path))};
}

bool is_directory(int fd) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat");
  return S_ISDIR(st.st_mode);
}

std::string read_all(int fd, std::size_t limit_bytes) {
  std::string text;
  char block[16384];
  for (;;) {
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got == -1 && errno == EINTR) continue;
    if (check(got, "read") == 0) return text;
    if (text.size() + static_cast<std::size_t>(got) > limit_bytes)
      throw Refused("larger than the limit of " + std::to_string(limit_bytes) + " bytes");
    text.append(block, static_cast<std::size_t>(got));
  }
}

std::string read_file(int dir_fd, const std::string& path, std::size_t limit_bytes) {
  Context doing{"read '" + printable(path) + "'"};
  const UniqueFd fd{check(::openat(dir_fd, path.c_str(), O_RDONLY | O_CLOEXEC), "open")};
  return read_all(fd.get(), limit_bytes);
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put == -1 && errno == EINTR) continue;
    bytes.remove_prefix(static_cast<std::size_t>(check(put, "write")));
  }
}

std::string printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace sabot
