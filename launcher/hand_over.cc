// SPDX-License-Identifier: Apache-2.0
// hand_over.cc: see hand_over.h.
#include "hand_over.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {

UniqueFd filled_pipe(const std::string& bytes) {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), "pipe");
  UniqueFd from{ends[0]};
  const UniqueFd into{ends[1]};
  const int held = check(::fcntl(into.get(), F_GETPIPE_SZ), "fcntl", "F_GETPIPE_SZ");
  if (bytes.size() >
      static_cast<std::size_t>(held))  // kManifestBytes is what /proc/sys/fs/pipe-max-size allows
    check(::fcntl(into.get(), F_SETPIPE_SZ, static_cast<int>(bytes.size())), "make room for the manifest");
  write_all(into.get(), bytes);
  return from;
}

// dup2 onto itself would leave it close-on-exec.
void place(int fd, int number) {
  if (fd == number) {
    check(::fcntl(fd, F_SETFD, 0), "fcntl");
  } else {
    check(::dup2(fd, number), "dup2");
  }
}

}  // namespace sabot
