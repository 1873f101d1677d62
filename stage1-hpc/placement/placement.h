// SPDX-License-Identifier: Apache-2.0
// placement.h: which CPUs, memory and GPUs each rank of a step gets on a node. Decisions only: nothing of the
// system is read or changed here; the same input gives the same answer on every machine.
// Not here: what a node is made of (topology.h), binding (rank_entry.h), the conversation (placer.h).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "placement/cpu_set.h"
#include "placement/topology.h"

namespace sabot::placement {

/// --container-pin. What a rank's CPUs never reach beyond; `automatic` keeps what Slurm bound.
enum class Pin { automatic, none, core, l3, numa, socket, gpu };

/// Throws UsageError with the words there are.
Pin parse_pin(std::string_view word);

struct Rank {
  CpuSet mask;                 ///< the CPUs that Slurm left it; not empty
  std::vector<unsigned> gpus;  ///< those it may see, by the number of Topology::gpus(); unknown ones are kept
};

struct Step {
  std::vector<Rank> ranks;        ///< of this node, by local rank
  unsigned threads_per_rank = 1;  ///< cores that a rank shall have at least, where there are as many
};

struct Placement {
  CpuSet cpus;                  ///< never empty, never outside of the step's
  CpuSet memory;                ///< nodes next to `cpus`; empty: nothing to say
  bool strictly = false;        ///< memory from there only, rather than preferred
  std::vector<unsigned> gpus;   ///< the rank's own, nearest first
  std::optional<unsigned> nic;  ///< of Topology::nics(), the nearest
};

/// One placement per rank. The CPUs of two ranks have no core in common while there are as many cores as
/// ranks, unless Slurm or the user bound them so; every rank then has the same number of cores give or take
/// what the machine's tree makes of it. Throws Refused for a step without ranks or a rank without CPUs that
/// the machine has.
/// Source: hwloc 2.9, hwloc_distrib(); for ranks with GPUs their share is taken nearest to them first.
std::vector<Placement> place(const Topology& node, const Step& step, Pin pin);

/// Slurm bound the ranks one by one: they do not all have the same CPUs.
bool bound_one_by_one(const Step& step);

}  // namespace sabot::placement
