// SPDX-License-Identifier: Apache-2.0
// distribute.cc: see distribute.h.
#include "placement/distribute.h"

#include <algorithm>
#include <climits>
#include <numeric>

#include "sys/error.h"

namespace sabot::placement {
namespace {

// What is divided: cores, or where there are fewer than ranks, hardware threads.
std::vector<CpuSet> units_of(const Topology& node, const CpuSet& pool, std::size_t ranks) {
  std::vector<CpuSet> units = node.cores(pool);
  return units.size() >= ranks ? units : node.domains(HWLOC_OBJ_PU, pool);
}

// hwloc weighs by hardware threads, so that a core with two would get two ranks while one with one has none:
// it sees one thread of each unit, and the others follow.
std::vector<CpuSet> along_the_tree(const Topology& node, const std::vector<CpuSet>& units, unsigned ranks) {
  CpuSet one_each;
  for (const CpuSet& unit : units) one_each.add(static_cast<unsigned>(unit.first()));
  const Topology reduced = node.restricted_to(one_each);
  std::vector<hwloc_cpuset_t> sets(ranks);
  hwloc_obj_t root = hwloc_get_root_obj(reduced.get());
  check(hwloc_distrib(reduced.get(), &root, 1, sets.data(), ranks, INT_MAX, 0), "hwloc_distrib");
  std::vector<CpuSet> parts;
  for (hwloc_cpuset_t set : sets) {
    CpuSet part;
    for (const CpuSet& unit : units)
      if (hwloc_bitmap_isset(set, static_cast<unsigned>(unit.first())) != 0) part |= unit;
    hwloc_bitmap_free(set);
    parts.push_back(std::move(part));
  }
  return parts;
}

std::vector<CpuSet> in_a_row(const std::vector<CpuSet>& units, std::size_t ranks) {
  std::vector<CpuSet> parts(ranks);
  for (std::size_t unit = 0; unit < units.size(); ++unit) parts[unit * ranks / units.size()] |= units[unit];
  return parts;
}

std::size_t units_in(const std::vector<CpuSet>& units, const CpuSet& part) {
  return static_cast<std::size_t>(
      std::count_if(units.begin(), units.end(), [&](const CpuSet& unit) { return unit.intersects(part); }));
}

// How many ranks each domain takes: in proportion to its cores, none more than one above its due.
std::vector<unsigned> ranks_per_domain(const std::vector<std::size_t>& cores, unsigned ranks) {
  const std::size_t all = std::accumulate(cores.begin(), cores.end(), std::size_t{0});
  std::vector<unsigned> counts;
  std::size_t before = 0;
  for (const std::size_t own : cores) {
    const std::size_t behind = before + own;
    counts.push_back(
        static_cast<unsigned>((behind * ranks + all - 1) / all - (before * ranks + all - 1) / all));
    before = behind;
  }
  return counts;
}

// Take up to `wanted` units out of `units`, those within `where` first to last.
CpuSet take(std::vector<CpuSet>& units, const CpuSet& where, std::size_t& wanted) {
  CpuSet taken;
  std::erase_if(units, [&](const CpuSet& unit) {
    if (wanted == 0 || !unit.intersects(where)) return false;
    taken |= unit;
    --wanted;
    return true;
  });
  return taken;
}

// Who has the fewest places to choose from chooses first.
std::vector<std::size_t> by_choice(const std::vector<CpuSet>& near, const CpuSet& pool) {
  std::vector<std::size_t> order(near.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto choice = [&](std::size_t rank) {
    const unsigned count = (near[rank] & pool).count();
    return count != 0 ? count : UINT_MAX;  // no preference, or none that can be met
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return choice(a) < choice(b); });
  return order;
}

}  // namespace

std::vector<CpuSet> divide(const Topology& node, const CpuSet& pool, unsigned ranks, unsigned cores_each) {
  const std::vector<CpuSet> units = units_of(node, pool, ranks);
  std::vector<CpuSet> parts = along_the_tree(node, units, ranks);
  if (units.size() < ranks) return parts;  // shared in any case
  std::size_t fewest = units.size();
  std::size_t most = 0;
  for (const CpuSet& part : parts) {
    fewest = std::min(fewest, units_in(units, part));
    most = std::max(most, units_in(units, part));
  }
  // The tree may be lopsided: three ranks of two threads on two sockets of three cores.
  const bool threads_fit = fewest >= cores_each || units.size() < std::size_t{ranks} * cores_each;
  return threads_fit && most <= 2 * fewest ? parts : in_a_row(units, ranks);
}

std::vector<CpuSet> divide_within(const Topology& node, const std::vector<CpuSet>& domains, unsigned ranks,
                                  unsigned cores_each) {
  std::vector<CpuSet> parts;
  if (domains.size() >= ranks) {  // a whole one for each, spread over the machine
    for (std::size_t rank = 0; rank < ranks; ++rank) parts.push_back(domains[rank * domains.size() / ranks]);
    return parts;
  }
  std::vector<std::size_t> cores;
  cores.reserve(domains.size());
  for (const CpuSet& domain : domains) cores.push_back(node.cores(domain).size());
  // With fewer cores than ranks it is threads that are divided, and they give the weights.
  if (std::accumulate(cores.begin(), cores.end(), std::size_t{0}) < ranks)
    for (std::size_t i = 0; i < domains.size(); ++i) cores[i] = domains[i].count();
  const std::vector<unsigned> counts = ranks_per_domain(cores, ranks);
  for (std::size_t i = 0; i < domains.size(); ++i) {
    if (counts[i] == 0) continue;
    std::vector<CpuSet> own = divide(node, domains[i], counts[i], cores_each);
    parts.insert(parts.end(), own.begin(), own.end());
  }
  return parts;
}

std::vector<CpuSet> divide_near(const Topology& node, const CpuSet& pool, const std::vector<CpuSet>& near) {
  std::vector<CpuSet> units = units_of(node, pool, near.size());
  if (units.size() < near.size()) return divide(node, pool, static_cast<unsigned>(near.size()), 1);
  const std::size_t share = units.size() / near.size();
  std::vector<std::size_t> missing(near.size(), share);
  std::vector<CpuSet> parts(near.size());
  const std::vector<std::size_t> order = by_choice(near, pool);
  for (const std::size_t rank : order) parts[rank] = take(units, near[rank], missing[rank]);
  const std::vector<CpuSet> packages = node.domains(HWLOC_OBJ_PACKAGE, pool);
  for (const std::size_t rank : order)  // what is closest: the package of the device
    for (const CpuSet& package : packages)
      if (package.intersects(near[rank] | parts[rank])) parts[rank] |= take(units, package, missing[rank]);
  for (const std::size_t rank : order) parts[rank] |= take(units, pool, missing[rank]);
  return parts;
}

}  // namespace sabot::placement
