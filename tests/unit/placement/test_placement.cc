// SPDX-License-Identifier: Apache-2.0
// test_placement.cc: who of a step gets what, by example.
#include <catch2/catch.hpp>

#include "machines.h"
#include "sys/error.h"

using namespace sabot::placement;
using namespace sabot::placement::test;

namespace {

std::vector<std::string> lists(const std::vector<Placement>& parts) {
  std::vector<std::string> text;
  for (const Placement& part : parts) text.push_back(part.cpus.list());
  return text;
}

using Lists = std::vector<std::string>;

}  // namespace

TEST_CASE("two unbound ranks of a node with two sockets get one each", "[placement]") {
  const Topology node = Topology::synthetic("pack:2 core:4 pu:2");
  const auto parts = place(node, unbound(node, 2), Pin::automatic);
  CHECK(lists(parts) == Lists{"0-7", "8-15"});
}

TEST_CASE("ranks that Slurm bound one by one stay where they are", "[placement]") {
  const Topology node = Topology::synthetic("pack:2 core:4 pu:1");
  Step step = unbound(node, 2, "0");
  step.ranks[1].mask = CpuSet::parse("1");
  CHECK(lists(place(node, step, Pin::automatic)) == Lists{"0", "1"});
  CHECK(lists(place(node, step, Pin::none)) == Lists{"0", "1"});
}

TEST_CASE("a rank alone keeps all that it was given", "[placement]") {
  const Topology node = Topology::synthetic("core:4 pu:2");
  CHECK(lists(place(node, unbound(node, 1, "0-3"), Pin::automatic)) == Lists{"0-3"});
}

TEST_CASE("each rank has as many cores as it has threads, where the tree is lopsided too", "[placement]") {
  const Topology node = Topology::synthetic("pack:2 core:3 pu:1");
  Step step = unbound(node, 3);
  step.threads_per_rank = 2;
  CHECK(lists(place(node, step, Pin::automatic)) == Lists{"0-1", "2-3", "4-5"});
}

TEST_CASE("pinned to cores, a rank has the cores of its threads and no more", "[placement]") {
  const Topology node = Topology::synthetic("pack:2 core:4 pu:2");
  Step step = unbound(node, 2);
  CHECK(lists(place(node, step, Pin::core)) == Lists{"0-1", "8-9"});
  step.threads_per_rank = 2;
  CHECK(lists(place(node, step, Pin::core)) == Lists{"0-3", "8-11"});
}

TEST_CASE("pinned to a domain, no rank reaches beyond it and none shares a core", "[placement]") {
  const Topology node = machine("epyc-milan-2");
  for (const auto& [pin, type] :
       {std::pair{Pin::l3, HWLOC_OBJ_L3CACHE}, std::pair{Pin::numa, HWLOC_OBJ_NUMANODE},
        std::pair{Pin::socket, HWLOC_OBJ_PACKAGE}}) {
    for (const unsigned ranks : {1U, 2U, 3U, 16U, 60U, 128U}) {
      const auto parts = place(node, unbound(node, ranks), pin);
      CHECK(shared_cores(node, parts) == 0);
      for (const Placement& part : parts) {
        unsigned touched = 0;
        for (const CpuSet& domain : node.domains(type, node.cpus())) touched += domain.intersects(part.cpus);
        CHECK(touched == 1);
      }
    }
  }
}

TEST_CASE("ranks with a GPU each are beside it, whatever its number is", "[placement][gpu]") {
  const Topology node = machine("amd-8gcd");
  const std::vector<Device> gpus = node.gpus();
  Step step = unbound(node, 8);
  for (unsigned i = 0; i < 8; ++i) step.ranks[i].gpus = {i};
  const auto parts = place(node, step, Pin::automatic);
  CHECK(shared_cores(node, parts) == 0);
  for (unsigned i = 0; i < 8; ++i) CHECK(parts[i].cpus.within(gpus[i].near));
}

TEST_CASE("where more ranks want a place than it has cores, the rest comes close and nobody shares",
          "[placement][gpu]") {
  const Topology node = machine("one-socket-gpus");
  Step step = unbound(node, 32);
  for (unsigned i = 0; i < 32; ++i) step.ranks[i].gpus = {i % 4};
  const auto parts = place(node, step, Pin::automatic);
  CHECK(shared_cores(node, parts) == 0);
  CHECK(std::count_if(parts.begin(), parts.end(),
                      [&](const Placement& part) { return part.cpus.within(node.gpus()[0].near); }) == 16);
}

TEST_CASE("a rank that sees several GPUs sees the nearest first", "[placement][gpu]") {
  const Topology node = machine("hgx-8gpu");
  Step step = unbound(node, 2, "");
  step.ranks[0] = {CpuSet::parse("0-3"), {4, 5, 0, 1}};
  step.ranks[1] = {CpuSet::parse("48-51"), {0, 1, 4, 5}};
  const auto parts = place(node, step, Pin::automatic);
  CHECK(parts[0].gpus == std::vector<unsigned>{0, 1, 4, 5});
  CHECK(parts[1].gpus == std::vector<unsigned>{4, 5, 0, 1});
  CHECK(node.nics()[parts[0].nic.value()].near.has(0));
  CHECK(node.nics()[parts[1].nic.value()].near.has(48));
}

TEST_CASE("a GPU with a number beyond the node's is kept and has no say", "[placement][gpu]") {
  const Topology node = machine("workstation");
  Step step = unbound(node, 2);
  step.ranks[0].gpus = {99};
  step.ranks[1].gpus = {4'000'000'000U, 0};
  const auto parts = place(node, step, Pin::automatic);
  CHECK(parts[0].gpus == std::vector<unsigned>{99});
  CHECK(parts[1].gpus == std::vector<unsigned>{0, 4'000'000'000U});
  CHECK(shared_cores(node, parts) == 0);
}

TEST_CASE("memory is asked for next to the CPUs", "[placement][memory]") {
  const Topology node = machine("xeon-2-snc4");
  const auto parts = place(node, unbound(node, 8), Pin::numa);
  for (unsigned i = 0; i < 8; ++i) {
    CHECK(parts[i].memory.list() == std::to_string(i));
    CHECK(parts[i].strictly);
  }
  CHECK_FALSE(place(node, unbound(node, 8), Pin::automatic)[0].strictly);
}

TEST_CASE("a step that cannot be placed is refused by its rank", "[placement]") {
  const Topology node = Topology::synthetic("core:2 pu:1");
  CHECK_THROWS_AS(place(node, Step{}, Pin::automatic), sabot::Refused);
  CHECK_THROWS_WITH(place(node, unbound(node, 1, "77"), Pin::automatic),
                    Catch::Contains("local rank 0 has CPUs 77"));
}

TEST_CASE("a place that is none is refused with the ones there are", "[placement]") {
  CHECK(parse_pin("l3") == Pin::l3);
  for (const char* word : {"", "cores", "AUTO", "auto ", "l3\n"})
    CHECK_THROWS_WITH(parse_pin(word), Catch::Contains("auto, none, core, l3, numa, socket, gpu"));
}
