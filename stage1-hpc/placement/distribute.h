// SPDX-License-Identifier: Apache-2.0
// distribute.h: dividing CPUs among ranks. Pure.
// Not here: whether to divide at all (placement.cc).
#pragma once

#include <vector>

#include "placement/cpu_set.h"
#include "placement/topology.h"

namespace sabot::placement {

/// `pool` in `ranks` parts along the machine's tree, each of at least `cores_each` cores where that can be,
/// and none of more than twice the cores of another: where the tree gives less, in a row without regard to
/// it. Where there are fewer cores than ranks, hardware threads are divided; where fewer threads, they are
/// shared.
std::vector<CpuSet> divide(const Topology& node, const CpuSet& pool, unsigned ranks, unsigned cores_each);

/// Likewise, but no part reaches beyond one of `domains` (disjoint, their union is the pool).
std::vector<CpuSet> divide_within(const Topology& node, const std::vector<CpuSet>& domains, unsigned ranks,
                                  unsigned cores_each);

/// One equal share per rank, taken from what is left of `near[rank]` first, then from what lies closest.
/// An empty `near` has no preference.
std::vector<CpuSet> divide_near(const Topology& node, const CpuSet& pool, const std::vector<CpuSet>& near);

}  // namespace sabot::placement
