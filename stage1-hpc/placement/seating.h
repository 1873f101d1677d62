// SPDX-License-Identifier: Apache-2.0
// seating.h: a step and its placement as text: what the keeper asks sabot-topo and what it hears.
// One line for the step, one for each rank; the keeper, which links no hwloc, writes and reads the same
// (placer.h). Not here: deciding (placement.h).
//
//   asked       pin=auto threads=2                 answered    cpus=0-3 memory=0 strict=0 gpus=1,0
//               cpus=0-7 gpus=0,1                              ...
//               ...                                  or        error TEXT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "placement/placement.h"

namespace sabot::placement {

struct Question {
  Step step;
  Pin pin = Pin::automatic;
};

/// Throws Refused for what is not written as above, and for more than kMaxRanks ranks.
Question parse_question(std::string_view text);
std::string format_answer(const std::vector<Placement>& placements);

/// "0,3": numbers of GPUs. Nothing where it is no such list: GPUs may be named by UUID, which no topology
/// has.
std::vector<unsigned> gpu_numbers(std::string_view list);

inline constexpr std::size_t kMaxRanks = 65536;

}  // namespace sabot::placement
