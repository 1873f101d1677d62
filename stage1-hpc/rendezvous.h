// SPDX-License-Identifier: Apache-2.0
// rendezvous.h: where the ranks of a step meet the keeper of their pod. libc alone, no exceptions, no heap.
//
// A pair of connected sockets that slurmstepd makes before it forks the ranks, so that each rank has it. It
// has no name: nobody else can open, squat or find it, and no file is left behind whoever is killed when.
//   ranks_end    a rank sends one `join` with its own socket on it; the keeper answers there
//   keeper_end   the keeper's, until it is gone; everybody else closes it, so that the keeper's end is seen
// The election: one packet, the token, lies ready at ranks_end. Who receives it starts the keeper.
// When ranks_end is shut down, or its last copy closed, nobody can come any more: keeper_end reads end of
// file.
#pragma once

#include <stddef.h>

namespace sabot {

struct Rendezvous {
  int ranks_end;   ///< -1: there is none
  int keeper_end;  ///< -1: closed
};

inline constexpr Rendezvous kNoRendezvous = {-1, -1};

/// Make the pair and lay the token ready. Both descriptors close on exec. False with errno set.
bool open_rendezvous(Rendezvous* place);

/// Close what is open of it; does nothing the second time.
void close_rendezvous(Rendezvous* place);

/// For who makes the ranks and is none of them: it keeps ranks_end alone, to see the keeper's end.
void close_keeper_end(Rendezvous* place);

/// All ranks have ended: let nobody come any more, wait at most `timeout_ms` until the keeper is gone, and
/// close.
void await_keepers_end(Rendezvous* place, int timeout_ms);

/// True for exactly one of all callers. It holds the token: start the keeper, or give the token back.
bool take_token(const Rendezvous& place);
void return_token(const Rendezvous& place);

/// What a rank says of itself to the keeper. Borrowed.
struct Joining {
  const char* local_rank = "";
  const char* gpus = "";  ///< their numbers, "0,1"
};

/// Send `socket` and these words to the keeper, waiting at most
/// `timeout_ms` for room in the queue. False with errno set: EPIPE where the keeper is gone.
bool join(const Rendezvous& place, int socket, const Joining& own, int timeout_ms);

}  // namespace sabot
