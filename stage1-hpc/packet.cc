// SPDX-License-Identifier: Apache-2.0
// packet.cc: see packet.h.
#include "packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sabot {

bool send_packet(int socket, const char* buffer, size_t bytes, const int* fds, int fd_count) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxPacketFds)] = {};
  iovec part = {const_cast<char*>(buffer), bytes};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fd_count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * static_cast<size_t>(fd_count));
    cmsghdr* carried = CMSG_FIRSTHDR(&message);
    carried->cmsg_level = SOL_SOCKET;
    carried->cmsg_type = SCM_RIGHTS;
    carried->cmsg_len = CMSG_LEN(sizeof(int) * static_cast<size_t>(fd_count));
    memcpy(CMSG_DATA(carried), fds, sizeof(int) * static_cast<size_t>(fd_count));
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent == -1 && errno == EINTR);
  return sent == static_cast<ssize_t>(bytes);
}

static void take_descriptors(msghdr* message, int fds[kMaxPacketFds]) {
  int taken = 0;
  for (cmsghdr* carried = CMSG_FIRSTHDR(message); carried != nullptr;
       carried = CMSG_NXTHDR(message, carried)) {
    if (carried->cmsg_level != SOL_SOCKET || carried->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (carried->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(carried) + i * sizeof(int), sizeof fd);
      if (taken < kMaxPacketFds) {
        fds[taken++] = fd;
      } else {
        ::close(fd);
      }
    }
  }
}

ssize_t receive_packet(int socket, char* buffer, size_t capacity, int fds[kMaxPacketFds]) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxPacketFds)] = {};
  iovec part = {buffer, capacity};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  for (int i = 0; i < kMaxPacketFds; ++i) fds[i] = -1;
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got == -1 && errno == EINTR);
  if (got == -1) return -1;
  take_descriptors(&message, fds);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) return got;
  for (int i = 0; i < kMaxPacketFds; ++i) {
    if (fds[i] >= 0) ::close(fds[i]);
    fds[i] = -1;
  }
  errno = EMSGSIZE;
  return -1;
}

}  // namespace sabot
