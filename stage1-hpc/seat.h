// SPDX-License-Identifier: Apache-2.0
// seat.h: a rank's place on its node: what it says of itself to be given one, and taking it. libc alone, no
// exceptions, no heap: it runs in the task child of slurmstepd, and in `sabot run`.
// Not here: who decides (placement/placement.h), who asks (placer.h).
#pragma once

#include "protocol.h"
#include "rank_entry.h"

namespace sabot {

/// The rank's environment, wherever it is kept. `get` returns "" where there is none; what it returns lives
/// until the next call.
struct RankEnvironment {
  const char* (*get)(void* context, const char* name);
  bool (*set)(void* context, const char* name, const char* value);
  void* context;
};

/// Add to the request what placing needs to know: threads per rank, GPUs, and whether Slurm bound the ranks.
void add_seat_wishes(const RankEnvironment& environment, MessageWriter* request);

/// Bind this process to the CPUs and memory of the keeper's answer and put its GPUs into the order given;
/// nothing where the answer names none. A memory policy that the kernel refuses is no failure, since a cpuset
/// may forbid the nodes; CPUs are.
/// Source: sched_setaffinity(2), set_mempolicy(2).
bool take_seat(const RankEnvironment& environment, const MessageReader& reply, FailureText* why);

}  // namespace sabot
