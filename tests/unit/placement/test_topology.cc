// SPDX-License-Identifier: Apache-2.0
// test_topology.cc: what is read of a machine.
#include <catch2/catch.hpp>

#include "machines.h"
#include "sys/error.h"

using namespace sabot::placement;
using namespace sabot::placement::test;

TEST_CASE("GPUs are counted by PCI address, and a management controller's display is none",
          "[placement][topology]") {
  const Topology node = machine("hgx-8gpu");
  const std::vector<Device> gpus = node.gpus();
  REQUIRE(gpus.size() == 8);
  CHECK(gpus[0].name == "gpu0");
  CHECK(gpus[0].pci == "0000:10:00.0");
  CHECK(gpus[3].near.has(0));
  CHECK_FALSE(gpus[4].near.has(0));
  CHECK(node.nics().size() == 8);
  CHECK(node.nics()[7].name == "mlx5_7");
  CHECK(machine("workstation").gpus().size() == 1);
}

TEST_CASE("the memory of GPUs is no memory to bind ranks to", "[placement][topology]") {
  const Topology node = machine("superchip-4gpu");
  CHECK(node.memory_near(CpuSet::parse("0")).list() == "0");
  CHECK(node.memory_near(node.cpus()).list() == "0-3");
}

TEST_CASE("a machine without cores or caches in its description still has domains", "[placement][topology]") {
  const Topology node = Topology::synthetic("pu:4");
  CHECK(node.cores(node.cpus()).size() == 4);
  CHECK(node.domains(HWLOC_OBJ_L3CACHE, node.cpus()).size() == 1);
}

TEST_CASE("a topology that hwloc cannot read is refused by name", "[placement][topology]") {
  CHECK_THROWS_WITH(Topology::from_xml("/dev/null"), Catch::Contains("/dev/null"));
  CHECK_THROWS_WITH(Topology::from_xml("/nonexistent\n"), Catch::Contains("/nonexistent\\x0a"));
  CHECK_THROWS_AS(Topology::synthetic("nonsense:x"), sabot::Refused);
}
