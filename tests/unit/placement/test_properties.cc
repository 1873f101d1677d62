// SPDX-License-Identifier: Apache-2.0
// test_properties.cc: what holds for any machine, allocation and number of ranks, tried on random ones from a
// fixed seed. SABOT_PLACEMENTS is how many for each machine (40).
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "machines.h"

using namespace sabot::placement;
using namespace sabot::placement::test;

namespace {

constexpr Pin kAllPins[] = {Pin::automatic, Pin::none, Pin::core, Pin::l3, Pin::numa, Pin::socket, Pin::gpu};

int tries() {
  const char* wanted = std::getenv("SABOT_PLACEMENTS");
  return wanted != nullptr ? std::atoi(wanted) : 40;
}

unsigned up_to(std::mt19937& random, unsigned most) {
  return std::uniform_int_distribution(0U, most)(random);
}

// What a cgroup leaves: whole, a run of CPUs, or holes everywhere; never nothing.
CpuSet random_allocation(const Topology& node, std::mt19937& random) {
  const CpuSet all = node.cpus();
  const unsigned shape = up_to(random, 3);
  if (shape == 0) return all;
  CpuSet some;
  const std::vector<CpuSet> pus = node.domains(HWLOC_OBJ_PU, all);
  const unsigned first = up_to(random, static_cast<unsigned>(pus.size()) - 1);
  for (unsigned i = 0; i < pus.size(); ++i)
    if (shape == 1 ? i >= first : up_to(random, shape) == 0) some |= pus[i];
  return some.empty() ? pus[first] : some;
}

Step random_step(const Topology& node, std::mt19937& random) {
  const CpuSet allowed = random_allocation(node, random);
  Step step;
  const unsigned most = up_to(random, 3) == 0 ? allowed.count() * 2 : std::max(allowed.count() / 2, 1U);
  step.ranks.resize(1 + up_to(random, most - 1));
  step.threads_per_rank = 1 + up_to(random, 3);
  const auto gpus = static_cast<unsigned>(node.gpus().size());
  const bool with_gpus = gpus > 0 && up_to(random, 1) == 0;
  for (std::size_t i = 0; i < step.ranks.size(); ++i) {
    step.ranks[i].mask = allowed;
    if (with_gpus && up_to(random, 5) != 0)
      step.ranks[i].gpus = {up_to(random, gpus)};  // one beyond, at times
  }
  return step;
}

std::size_t cores_of(const Topology& node, const CpuSet& cpus) { return node.cores(cpus).size(); }

void check_shares(const Topology& node, const Step& step, const std::vector<Placement>& parts) {
  const CpuSet& allowed = step.ranks.front().mask;
  const std::size_t cores = cores_of(node, allowed);
  const std::size_t ranks = parts.size();
  if (cores >= ranks) CHECK(shared_cores(node, parts) == 0);
  if (allowed.count() >= ranks) {
    CpuSet taken;
    for (const Placement& part : parts) {
      CHECK_FALSE(taken.intersects(part.cpus));
      taken |= part.cpus;
    }
  }
}

}  // namespace

TEST_CASE("on any machine every rank has CPUs of the allocation, and no core twice while cores last",
          "[placement][property]") {
  for (const std::string& description : all_machines()) {
    const Topology node = load(description);
    std::mt19937 random{20261125};
    for (int i = 0; i < tries(); ++i) {
      const Step step = random_step(node, random);
      for (const Pin pin : kAllPins) {
        INFO(description << " try " << i << " pin " << static_cast<int>(pin) << " ranks " << step.ranks.size()
                         << " of " << step.ranks.front().mask.list());
        const auto parts = place(node, step, pin);
        REQUIRE(parts.size() == step.ranks.size());
        for (const Placement& part : parts) {
          REQUIRE_FALSE(part.cpus.empty());
          REQUIRE(part.cpus.within(step.ranks.front().mask));
        }
        const bool divided = pin != Pin::none && !(parts.size() == 1 && pin == Pin::automatic);
        if (divided) check_shares(node, step, parts);
      }
    }
  }
}

TEST_CASE("the same step is placed the same way twice", "[placement][property]") {
  for (const std::string& description : all_machines()) {
    const Topology node = load(description);
    const Topology again = load(description);
    std::mt19937 random{7};
    const Step step = random_step(node, random);
    for (const Pin pin : kAllPins) {
      const auto one = place(node, step, pin);
      const auto two = place(again, step, pin);
      for (std::size_t i = 0; i < one.size(); ++i) {
        CHECK(one[i].cpus == two[i].cpus);
        CHECK(one[i].gpus == two[i].gpus);
      }
    }
  }
}

TEST_CASE("on a whole machine no rank has more than twice the cores of another", "[placement][property]") {
  for (const std::string& description : all_machines()) {
    const Topology node = load(description);
    const auto cores = static_cast<unsigned>(cores_of(node, node.cpus()));
    for (unsigned ranks = 2; ranks <= cores; ranks += std::max(cores / 9, 1U)) {
      INFO(description << " ranks " << ranks);
      std::size_t fewest = cores;
      std::size_t most = 0;
      for (const Placement& part : place(node, unbound(node, ranks), Pin::automatic)) {
        fewest = std::min(fewest, cores_of(node, part.cpus));
        most = std::max(most, cores_of(node, part.cpus));
      }
      CHECK(most <= 2 * fewest);
    }
  }
}

TEST_CASE("ranks with GPUs have equal shares, next to their GPU as far as its cores go",
          "[placement][property]") {
  for (const std::string& description : all_machines()) {
    const Topology node = load(description);
    const std::vector<Device> gpus = node.gpus();
    if (gpus.empty()) continue;
    INFO(description);
    Step step = unbound(node, static_cast<unsigned>(gpus.size()));
    for (unsigned i = 0; i < gpus.size(); ++i) step.ranks[i].gpus = {i};
    const auto parts = place(node, step, Pin::automatic);
    const std::size_t share = cores_of(node, node.cpus()) / gpus.size();
    if (share == 0) continue;  // fewer cores than GPUs
    for (const Placement& part : parts) CHECK(cores_of(node, part.cpus) == share);
    for (unsigned i = 0; i < gpus.size(); ++i) {
      const auto rivals = static_cast<std::size_t>(std::count_if(
          gpus.begin(), gpus.end(), [&](const Device& other) { return other.near == gpus[i].near; }));
      if (rivals * share <= cores_of(node, gpus[i].near)) CHECK(parts[i].cpus.within(gpus[i].near));
    }
  }
}
