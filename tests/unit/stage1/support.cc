// SPDX-License-Identifier: Apache-2.0
// support.cc: see support.h.
#include "support.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <exception>
#include <filesystem>
#include <iterator>

#include "sys/error.h"

namespace sabot::test {

SocketPair::SocketPair() {
  int ends[2];
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
  near = UniqueFd{ends[0]};
  far = UniqueFd{ends[1]};
}

Place::Place() : Rendezvous(kNoRendezvous) { check(open_rendezvous(this) ? 0 : -1, "open_rendezvous"); }

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

bool same_file(int left, int right) {
  struct stat one {};
  struct stat other {};
  return ::fstat(left, &one) == 0 && ::fstat(right, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

UniqueFd null_file() { return UniqueFd{check(::open("/dev/null", O_RDWR | O_CLOEXEC), "open", "/dev/null")}; }

Message::Message(MessageKind kind, std::size_t capacity)
    : storage(capacity), writer(storage.data(), capacity, kind) {}

Message& Message::add(const char* name, const std::string& value) {
  writer.add(name, value.c_str());
  return *this;
}

pid_t start_child(const std::function<int()>& body) {
  const pid_t child = check(::fork(), "fork");
  if (child != 0) return child;
  try {
    ::_exit(body());
  } catch (const std::exception&) {
    ::_exit(99);
  }
}

int wait_for(pid_t child) {
  int status = -1;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  return status;
}

int in_child(const std::function<int()>& body) { return wait_for(start_child(body)); }

}  // namespace sabot::test
