// SPDX-License-Identifier: Apache-2.0
// floor_plan.h: a machine as the rows that a picture has: packages, their memory nodes, their caches, their
// cores, and who is on each. Not here: lines and colours (picture_text.cc, picture_svg.cc).
#pragma once

#include <string>
#include <vector>

#include "placement/picture.h"

namespace sabot::placement {

/// Who has a core.
enum class Tenant { nobody, rank, several, not_ours };

struct PlannedCore {
  CpuSet cpus;
  Tenant tenant = Tenant::nobody;
  unsigned rank = 0;  ///< where `tenant` is rank
};

struct PlannedNuma {
  std::string memory;                         ///< numbers of the memory nodes
  std::vector<std::vector<PlannedCore>> l3s;  ///< cores that share a cache
  std::vector<std::string> devices;           ///< names of GPUs and NICs that are next to it
};

/// By package.
using FloorPlan = std::vector<std::vector<PlannedNuma>>;

FloorPlan plan_floor(const Scene& scene);

}  // namespace sabot::placement
