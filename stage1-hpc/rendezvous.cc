// SPDX-License-Identifier: Apache-2.0
// rendezvous.cc: see rendezvous.h.
#include "rendezvous.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "packet.h"
#include "protocol.h"

namespace sabot {

bool open_rendezvous(Rendezvous* place) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) return false;
  *place = Rendezvous{pair[0], pair[1]};
  return_token(*place);
  return true;
}

void close_rendezvous(Rendezvous* place) {
  if (place->ranks_end >= 0) ::close(place->ranks_end);
  if (place->keeper_end >= 0) ::close(place->keeper_end);
  *place = kNoRendezvous;
}

void close_keeper_end(Rendezvous* place) {
  if (place->keeper_end >= 0) ::close(place->keeper_end);
  place->keeper_end = -1;
}

void await_keepers_end(Rendezvous* place, int timeout_ms) {
  close_keeper_end(place);  // ours would hide it
  if (place->ranks_end >= 0) {
    ::shutdown(place->ranks_end, SHUT_WR);
    pollfd hang_up = {place->ranks_end, 0, 0};
    ::poll(&hang_up, 1, timeout_ms);  // a signal ends the wait early, which costs nothing but time
  }
  close_rendezvous(place);
}

bool take_token(const Rendezvous& place) {
  char token = 0;
  ssize_t got = -1;
  do {
    got = ::recv(place.ranks_end, &token, sizeof token, MSG_DONTWAIT);
  } while (got == -1 && errno == EINTR);
  return got == 1;
}

void return_token(const Rendezvous& place) {
  const char token = 'T';
  send_packet(place.keeper_end, &token, sizeof token, nullptr, 0);  // into an empty queue: it cannot be full
}

bool join(const Rendezvous& place, int socket, const Joining& own, int timeout_ms) {
  const timeval limit = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  ::setsockopt(place.ranks_end, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  char buffer[kJoinBytes];
  MessageWriter message(buffer, sizeof buffer, MessageKind::join);
  message.add(name::kLocalRank, own.local_rank);
  message.add(name::kGpus, own.gpus);
  return send_packet(place.ranks_end, message.buffer, message.used, &socket, 1);
}

}  // namespace sabot
