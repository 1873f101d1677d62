// SPDX-License-Identifier: Apache-2.0
// floor_plan.cc: see floor_plan.h.
#include "placement/floor_plan.h"

namespace sabot::placement {
namespace {

PlannedCore planned(const Scene& scene, const CpuSet& cpus) {
  PlannedCore core{cpus};
  if (!scene.allowed.intersects(cpus)) core.tenant = Tenant::not_ours;
  for (unsigned rank = 0; rank < scene.ranks.size(); ++rank) {
    if (!scene.ranks[rank].cpus.intersects(cpus)) continue;
    core.tenant = core.tenant == Tenant::nobody ? Tenant::rank : Tenant::several;
    if (core.tenant == Tenant::rank) core.rank = rank;
  }
  return core;
}

// A device that is next to the whole package, or machine, is drawn with the first node of it.
void add_devices(std::vector<std::string>& names, const std::vector<Device>& devices, const CpuSet& numa) {
  for (const Device& device : devices)
    if (device.near.first() >= 0 && numa.has(static_cast<unsigned>(device.near.first())))
      names.push_back(device.name);
}

}  // namespace

FloorPlan plan_floor(const Scene& scene) {
  const Topology& node = scene.node;
  const std::vector<Device> gpus = node.gpus();
  const std::vector<Device> nics = node.nics();
  FloorPlan plan;
  for (const CpuSet& package : node.domains(HWLOC_OBJ_PACKAGE, node.cpus())) {
    plan.emplace_back();
    for (const CpuSet& numa : node.domains(HWLOC_OBJ_NUMANODE, package)) {
      PlannedNuma part;
      part.memory = node.memory_near(numa).list();
      for (const CpuSet& l3 : node.domains(HWLOC_OBJ_L3CACHE, numa)) {
        part.l3s.emplace_back();
        for (const CpuSet& core : node.cores(l3)) part.l3s.back().push_back(planned(scene, core));
      }
      add_devices(part.devices, gpus, numa);
      add_devices(part.devices, nics, numa);
      plan.back().push_back(std::move(part));
    }
  }
  return plan;
}

}  // namespace sabot::placement
