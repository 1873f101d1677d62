// SPDX-License-Identifier: Apache-2.0
// machines.cc: see machines.h.
#include "machines.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace sabot::placement::test {
namespace {

namespace fs = std::filesystem;

void add_folder(std::vector<std::string>& into, const fs::path& folder) {
  for (const fs::directory_entry& file : fs::directory_iterator(folder))
    if (file.path().extension() == ".xml") into.push_back(file.path());
}

}  // namespace

Topology machine(const std::string& name) {
  return Topology::from_xml(std::string(SABOT_TEST_TOPOLOGIES) + "/" + name + ".xml");
}

std::vector<std::string> all_machines() {
  std::vector<std::string> all = {
      "pu:1",
      "core:1 pu:2",
      "core:4 pu:1",
      "pack:2 l3:2 core:4 pu:2",
      "pack:2 numa:4 l3:2 core:8 pu:2",
      "pack:1 core:3 pu:4",
      "pack:4 numa:1 core:1 pu:1",
      "pack:2 numa:4 core:16 pu:1",
  };
  add_folder(all, SABOT_TEST_TOPOLOGIES);
  const char* more = std::getenv("SABOT_TOPOLOGIES");
  if (more != nullptr) add_folder(all, more);
  std::sort(all.begin(), all.end());
  return all;
}

Topology load(const std::string& description) {
  return description.ends_with(".xml") ? Topology::from_xml(description) : Topology::synthetic(description);
}

Step unbound(const Topology& node, unsigned ranks, const std::string& list) {
  Step step;
  step.ranks.assign(ranks, {list.empty() ? node.cpus() : CpuSet::parse(list), {}});
  return step;
}

unsigned shared_cores(const Topology& node, const std::vector<Placement>& parts) {
  unsigned shared = 0;
  for (const CpuSet& core : node.cores(node.cpus()))
    shared += std::count_if(parts.begin(), parts.end(),
                            [&](const Placement& part) { return part.cpus.intersects(core); }) > 1;
  return shared;
}

}  // namespace sabot::placement::test
