// SPDX-License-Identifier: Apache-2.0
// topology.cc: see topology.h. The one file that asks hwloc what a machine is.
#include "placement/topology.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::placement {
namespace {

// PCI classes: 0x03 display controllers, to which compute GPUs belong, 0x12 processing accelerators.
constexpr unsigned kDisplay = 0x03;
constexpr unsigned kAccelerator = 0x12;
// Display adapters of management controllers are no place to compute on.
constexpr std::array<unsigned, 3> kGpuVendors = {0x10de, 0x1002, 0x8086};

std::string pci_address(const hwloc_obj& pci) {
  const auto& at = pci.attr->pcidev;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", static_cast<unsigned>(at.domain), at.bus,
                at.dev, at.func);
  return text.data();
}

bool is_gpu(const hwloc_obj& pci) {
  const unsigned base_class = pci.attr->pcidev.class_id >> 8;
  return (base_class == kDisplay || base_class == kAccelerator) &&
         std::find(kGpuVendors.begin(), kGpuVendors.end(), pci.attr->pcidev.vendor_id) != kGpuVendors.end();
}

// Names that the drivers give: mlx5_0, hsi0, hfi1_0, efa_0, bxi0. Ethernet for logins is none of MPI's ways.
bool is_fabric(const hwloc_obj& os_device) {
  if (os_device.attr->osdev.type == HWLOC_OBJ_OSDEV_OPENFABRICS) return true;
  return os_device.attr->osdev.type == HWLOC_OBJ_OSDEV_NETWORK && os_device.name != nullptr &&
         (std::strncmp(os_device.name, "hsn", 3) == 0 || std::strncmp(os_device.name, "hsi", 3) == 0 ||
          std::strncmp(os_device.name, "bxi", 3) == 0);
}

CpuSet near(hwloc_topology_t topology, hwloc_obj_t io) {
  return CpuSet{hwloc_get_non_io_ancestor_obj(topology, io)->cpuset};
}

bool is_gpu_memory(const hwloc_obj& node) {
  return node.subtype != nullptr && std::strcmp(node.subtype, "GPUMemory") == 0;
}

}  // namespace

Topology::~Topology() {
  if (topology_ != nullptr) hwloc_topology_destroy(topology_);
}

Topology Topology::fresh() {
  hwloc_topology_t topology = nullptr;
  check(hwloc_topology_init(&topology), "hwloc_topology_init");
  Topology made{topology};
  hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
  return made;
}

void Topology::load(const std::string& from) {
  if (hwloc_topology_load(topology_) == -1)
    throw Refused("topology '" + printable(from) + "': hwloc cannot make a machine of it");
}

Topology Topology::of_this_node() {
  Topology made = fresh();
  made.load("this node");
  return made;
}

Topology Topology::from_xml(const std::string& path) {
  Topology made = fresh();
  if (hwloc_topology_set_xml(made.topology_, path.c_str()) == -1)
    throw Refused("topology '" + printable(path) + "': no XML of hwloc's that can be read");
  made.load(path);
  return made;
}

Topology Topology::synthetic(const std::string& description) {
  Topology made = fresh();
  if (hwloc_topology_set_synthetic(made.topology_, description.c_str()) == -1)
    throw Refused("topology '" + printable(description) + "': no synthetic description of hwloc's");
  made.load(description);
  return made;
}

Topology Topology::restricted_to(const CpuSet& cpus) const {
  hwloc_topology_t copy = nullptr;
  check(hwloc_topology_dup(&copy, topology_), "hwloc_topology_dup");
  Topology made{copy};
  check(hwloc_topology_restrict(copy, cpus.get(), 0), "hwloc_topology_restrict", cpus.list());
  return made;
}

CpuSet Topology::cpus() const { return CpuSet{hwloc_topology_get_allowed_cpuset(topology_)}; }

std::vector<CpuSet> Topology::domains(hwloc_obj_type_t type, const CpuSet& within) const {
  std::vector<CpuSet> parts;
  for (hwloc_obj_t object = nullptr;
       (object = hwloc_get_next_obj_by_type(topology_, type, object)) != nullptr;) {
    CpuSet part = CpuSet{object->cpuset} & within;
    if (!part.empty()) parts.push_back(std::move(part));
  }
  // NUMA nodes may stand side by side on the same CPUs (HBM beside DRAM), and one without CPUs of its own
  // stands on the whole machine: the narrowest of those that overlap is the place.
  if (type == HWLOC_OBJ_NUMANODE)
    std::stable_sort(parts.begin(), parts.end(),
                     [](const CpuSet& a, const CpuSet& b) { return a.count() < b.count(); });
  std::vector<CpuSet> found;
  CpuSet rest = within;
  for (CpuSet& part : parts) {
    if (!part.within(rest)) continue;
    rest -= part;
    found.push_back(std::move(part));
  }
  if (!rest.empty()) found.push_back(std::move(rest));
  if (type == HWLOC_OBJ_NUMANODE)
    std::sort(found.begin(), found.end(),
              [](const CpuSet& a, const CpuSet& b) { return a.first() < b.first(); });
  return found;
}

std::vector<CpuSet> Topology::cores(const CpuSet& within) const {
  if (hwloc_get_nbobjs_by_type(topology_, HWLOC_OBJ_CORE) > 0) return domains(HWLOC_OBJ_CORE, within);
  return domains(HWLOC_OBJ_PU, within);  // some virtual machines tell of no cores
}

std::vector<Device> Topology::gpus() const {
  std::vector<Device> found;
  for (hwloc_obj_t pci = nullptr; (pci = hwloc_get_next_pcidev(topology_, pci)) != nullptr;)
    if (is_gpu(*pci)) found.push_back({"", pci_address(*pci), near(topology_, pci)});
  std::sort(found.begin(), found.end(), [](const Device& a, const Device& b) { return a.pci < b.pci; });
  for (std::size_t i = 0; i < found.size(); ++i) found[i].name = "gpu" + std::to_string(i);
  return found;
}

std::vector<Device> Topology::nics() const {
  std::vector<Device> found;
  for (hwloc_obj_t device = nullptr; (device = hwloc_get_next_osdev(topology_, device)) != nullptr;) {
    if (!is_fabric(*device)) continue;
    const bool on_pci = device->parent != nullptr && device->parent->type == HWLOC_OBJ_PCI_DEVICE;
    found.push_back({device->name, on_pci ? pci_address(*device->parent) : "", near(topology_, device)});
  }
  std::sort(found.begin(), found.end(), [](const Device& a, const Device& b) { return a.name < b.name; });
  return found;
}

CpuSet Topology::memory_near(const CpuSet& cpus) const {
  CpuSet nodes;
  CpuSet covered;  // the ordinary memory of a place has the lowest number; HBM and CXL come behind it
  for (hwloc_obj_t node = nullptr;
       (node = hwloc_get_next_obj_by_type(topology_, HWLOC_OBJ_NUMANODE, node)) != nullptr;) {
    const CpuSet local{node->cpuset};
    if (is_gpu_memory(*node) || !local.intersects(cpus) || local.within(covered)) continue;
    nodes.add(node->os_index);
    covered |= local;
  }
  return nodes;
}

int Topology::distance(const CpuSet& cpus, const CpuSet& near) const {
  if (cpus.intersects(near)) return 0;
  const std::vector<CpuSet> packages =
      domains(HWLOC_OBJ_PACKAGE, CpuSet{hwloc_topology_get_complete_cpuset(topology_)});
  const bool together = std::any_of(packages.begin(), packages.end(), [&](const CpuSet& package) {
    return package.intersects(cpus) && package.intersects(near);
  });
  return together ? 1 : 2;
}

}  // namespace sabot::placement
