// SPDX-License-Identifier: Apache-2.0
// topology.h: what a node is made of: hwloc's topology with an owner, and of its devices what placing needs.
// Not here: which part of it a step was given, and who gets what (placement.h).
#pragma once

#include <hwloc.h>

#include <string>
#include <vector>

#include "placement/cpu_set.h"

namespace sabot::placement {

/// A GPU or a network interface of the fabric.
struct Device {
  std::string
      name;  ///< "gpu0": the n-th by PCI address, as nvidia-smi counts; a NIC: the kernel's name, mlx5_0
  std::string pci;  ///< 0000:3b:00.0
  CpuSet near;      ///< CPUs with the shortest way to it
};

class Topology {
 public:
  /// Of the machine that this runs on, without what a cgroup forbids us. Throws Error.
  static Topology of_this_node();
  /// From lstopo's XML. Throws Refused when hwloc does not accept it.
  static Topology from_xml(const std::string& path);
  /// From hwloc's synthetic notation: "pack:2 l3:2 core:4 pu:2". Throws Refused likewise.
  static Topology synthetic(const std::string& description);

  Topology(Topology&& other) noexcept : topology_(std::exchange(other.topology_, nullptr)) {}
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;
  ~Topology();

  /// A copy in which only `cpus` are left, to be distributed. `cpus` must not be empty.
  Topology restricted_to(const CpuSet& cpus) const;

  hwloc_topology_t get() const { return topology_; }
  CpuSet cpus() const;  ///< that a process may run on
  /// The CPUs of each core, in the order of the machine, of those in `within`.
  std::vector<CpuSet> cores(const CpuSet& within) const;
  /// Likewise of each object of `type`: disjoint, and together all of `within`; CPUs that belong to no such
  /// object are one domain.
  std::vector<CpuSet> domains(hwloc_obj_type_t type, const CpuSet& within) const;

  /// Compute GPUs (no display adapter of a management controller), by PCI address.
  std::vector<Device> gpus() const;
  /// Interfaces that MPI talks through: InfiniBand, RoCE, Slingshot, Omni-Path; by name.
  std::vector<Device> nics() const;
  /// Memory nodes next to `cpus`, without the memory of GPUs; one per place: the ordinary one.
  CpuSet memory_near(const CpuSet& cpus) const;
  /// How far: 0 the CPUs have the device next to them, 1 it is in the same package, 2 elsewhere.
  int distance(const CpuSet& cpus, const CpuSet& near) const;

 private:
  explicit Topology(hwloc_topology_t topology) : topology_(topology) {}
  static Topology fresh();
  void load(const std::string& from);
  hwloc_topology_t topology_;
};

}  // namespace sabot::placement
