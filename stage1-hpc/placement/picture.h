// SPDX-License-Identifier: Apache-2.0
// picture.h: who runs where, for people and for programs. Not here: who decides it (placement.h).
#pragma once

#include <string>
#include <vector>

#include "placement/placement.h"

namespace sabot::placement {

/// What a picture shows. All are borrowed.
struct Scene {
  const Topology& node;
  const CpuSet& allowed;  ///< the allocation; the rest of the machine is drawn as not ours
  const std::vector<Placement>& ranks;
  std::string pin;  ///< the word that was asked for
};

/// For a terminal: the machine's cores with the rank on each, then a line for each rank.
std::string draw_text(const Scene& scene);
/// The same as a drawing that stands alone.
std::string draw_svg(const Scene& scene);
/// The same as one JSON object: `ranks`, `gpus`, `nics`, `cpus`, `pin`.
std::string write_json(const Scene& scene);

}  // namespace sabot::placement
