// SPDX-License-Identifier: Apache-2.0
// placement.cc: see placement.h.
#include "placement/placement.h"

#include <algorithm>

#include "placement/distribute.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::placement {
namespace {

struct PinName {
  const char* word;
  Pin pin;
};
constexpr PinName kPins[] = {{"auto", Pin::automatic}, {"none", Pin::none}, {"core", Pin::core},
                             {"l3", Pin::l3},          {"numa", Pin::numa}, {"socket", Pin::socket},
                             {"gpu", Pin::gpu}};

CpuSet pool_of(const Topology& node, const Step& step) {
  CpuSet pool;
  for (const Rank& rank : step.ranks) pool |= rank.mask;
  return pool & node.cpus();
}

// CPUs next to the first GPU of each rank; empty where it has none that the machine knows.
std::vector<CpuSet> next_to_gpus(const std::vector<Device>& gpus, const Step& step) {
  std::vector<CpuSet> near;
  for (const Rank& rank : step.ranks) {
    const bool known = !rank.gpus.empty() && rank.gpus.front() < gpus.size();
    near.push_back(known ? gpus[rank.gpus.front()].near : CpuSet{});
  }
  return near;
}

// Exactly `count` cores of each part, its first.
std::vector<CpuSet> trimmed(const Topology& node, std::vector<CpuSet> parts, std::size_t count) {
  for (CpuSet& part : parts) {
    std::vector<CpuSet> cores = node.cores(part);
    if (cores.size() <= count) continue;
    part = CpuSet{};
    for (std::size_t i = 0; i < count; ++i) part |= cores[i];
  }
  return parts;
}

std::vector<CpuSet> choose(const Topology& node, const Step& step, Pin pin, const std::vector<Device>& gpus) {
  const CpuSet pool = pool_of(node, step);
  const auto ranks = static_cast<unsigned>(step.ranks.size());
  const unsigned each = std::max(step.threads_per_rank, 1U);
  const std::vector<CpuSet> near = next_to_gpus(gpus, step);
  const bool have_gpus =
      std::any_of(near.begin(), near.end(), [](const CpuSet& set) { return !set.empty(); });
  switch (pin) {
    case Pin::core:
      return trimmed(node, divide(node, pool, ranks, each), each);
    case Pin::l3:
      return divide_within(node, node.domains(HWLOC_OBJ_L3CACHE, pool), ranks, each);
    case Pin::numa:
      return divide_within(node, node.domains(HWLOC_OBJ_NUMANODE, pool), ranks, each);
    case Pin::socket:
      return divide_within(node, node.domains(HWLOC_OBJ_PACKAGE, pool), ranks, each);
    case Pin::gpu:
    case Pin::automatic:
      if (have_gpus) return divide_near(node, pool, near);
      return divide(node, pool, ranks, each);
    case Pin::none:
      break;
  }
  return {};
}

std::vector<unsigned> nearest_first(const Topology& node, const CpuSet& cpus, std::vector<unsigned> gpus,
                                    const std::vector<Device>& devices) {
  const auto distance = [&](unsigned gpu) {
    return gpu < devices.size() ? node.distance(cpus, devices[gpu].near) : 3;
  };
  std::stable_sort(gpus.begin(), gpus.end(),
                   [&](unsigned a, unsigned b) { return distance(a) < distance(b); });
  return gpus;
}

std::optional<unsigned> nearest(const Topology& node, const CpuSet& cpus,
                                const std::vector<Device>& devices) {
  std::optional<unsigned> best;
  int best_distance = 0;
  for (unsigned i = 0; i < devices.size(); ++i) {
    const int distance = node.distance(cpus, devices[i].near);
    if (best && distance >= best_distance) continue;
    best = i;
    best_distance = distance;
  }
  return best;
}

void check_step(const Topology& node, const Step& step) {
  if (step.ranks.empty()) throw Refused("a step without ranks cannot be placed");
  for (std::size_t i = 0; i < step.ranks.size(); ++i)
    if (!step.ranks[i].mask.intersects(node.cpus()))
      throw Refused("local rank " + std::to_string(i) + " has CPUs " + step.ranks[i].mask.list() +
                    ", of which this node has none");
}

}  // namespace

Pin parse_pin(std::string_view word) {
  std::string words;
  for (const PinName& row : kPins) {
    if (word == row.word) return row.pin;
    words += (words.empty() ? "" : ", ") + std::string(row.word);
  }
  throw UsageError("'" + printable(word) + "' is no place to pin to; there are " + words);
}

bool bound_one_by_one(const Step& step) {
  return std::any_of(step.ranks.begin(), step.ranks.end(),
                     [&](const Rank& rank) { return !(rank.mask == step.ranks.front().mask); });
}

std::vector<Placement> place(const Topology& node, const Step& step, Pin pin) {
  check_step(node, step);
  const std::vector<Device> gpus = node.gpus();
  const std::vector<Device> nics = node.nics();
  // More ranks than CPUs: the scheduler shares them better than a division that nobody asked for.
  const bool scarce = pool_of(node, step).count() < step.ranks.size();
  const bool keep = pin == Pin::none ||
                    (pin == Pin::automatic && (step.ranks.size() == 1 || scarce || bound_one_by_one(step)));
  std::vector<CpuSet> cpus;
  if (keep) {
    for (const Rank& rank : step.ranks) cpus.push_back(rank.mask & node.cpus());
  } else {
    cpus = choose(node, step, pin, gpus);
  }
  std::vector<Placement> placements;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    Placement placed;
    placed.memory = pin == Pin::none ? CpuSet{} : node.memory_near(cpus[i]);
    placed.strictly = pin == Pin::numa;
    placed.gpus =
        pin == Pin::none ? step.ranks[i].gpus : nearest_first(node, cpus[i], step.ranks[i].gpus, gpus);
    placed.nic = nearest(node, cpus[i], nics);
    placed.cpus = std::move(cpus[i]);
    placements.push_back(std::move(placed));
  }
  return placements;
}

}  // namespace sabot::placement
