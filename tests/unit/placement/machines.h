// SPDX-License-Identifier: Apache-2.0
// machines.h: the machines that placement is tested on. Not here: what is expected of it.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "placement/placement.h"

namespace sabot::placement::test {

/// A machine of tests/topologies/generate.py.
Topology machine(const std::string& name);

/// Every description there is: hwloc's synthetic ones, the generated ones, those of $SABOT_TOPOLOGIES.
std::vector<std::string> all_machines();
/// Of one of these.
Topology load(const std::string& description);

/// `ranks` ranks that all have the CPUs of `list`, or all of the machine's.
Step unbound(const Topology& node, unsigned ranks, const std::string& list = "");

/// Cores of `within` that two or more of `parts` have CPUs of.
unsigned shared_cores(const Topology& node, const std::vector<Placement>& parts);

}  // namespace sabot::placement::test
