// SPDX-License-Identifier: Apache-2.0
// packet.h: one SOCK_SEQPACKET packet with descriptors, sent and received. libc alone, no exceptions.
// Not here: what the packets mean (protocol.h).
#pragma once

#include <stddef.h>
#include <sys/types.h>

namespace sabot {

inline constexpr int kMaxPacketFds = 6;  // even: an odd one's control buffer would take one more

/// Send `bytes` of `buffer` and `fd_count` descriptors as one packet. False with errno set where that fails.
bool send_packet(int socket, const char* buffer, size_t bytes, const int* fds, int fd_count);

/// Receive one packet into `buffer`; up to kMaxPacketFds descriptors, close-on-exec and owned by the caller
/// from now on, into `fds` (-1 where none came). Returns its size; 0 when the peer is gone; -1 with errno set
/// (EMSGSIZE: it did not fit and was dropped, its descriptors closed).
ssize_t receive_packet(int socket, char* buffer, size_t capacity, int fds[kMaxPacketFds]);

}  // namespace sabot
