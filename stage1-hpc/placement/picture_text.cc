// SPDX-License-Identifier: Apache-2.0
// picture_text.cc: who runs where, as lines: for a terminal, and as JSON.
#include <algorithm>

#include "placement/floor_plan.h"
#include "placement/picture.h"

namespace sabot::placement {
namespace {

constexpr std::size_t kCoresInALine = 16;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string cell(const PlannedCore& core) {
  switch (core.tenant) {
    case Tenant::rank:
      return std::to_string(core.rank);
    case Tenant::several:
      return "*";
    case Tenant::nobody:
      return "-";
    case Tenant::not_ours:
      break;
  }
  return ".";
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string cells(const std::vector<PlannedCore>& cores, std::size_t width) {
  std::string lines;
  for (std::size_t i = 0; i < cores.size(); ++i) {
    if (i % kCoresInALine == 0) lines += i == 0 ? "    " : "\n    ";
    lines += padded(cell(cores[i]), width + 1);
  }
  return lines + "\n";
}

std::vector<std::string> gpu_names(const Placement& placed) {
  std::vector<std::string> names;
  for (const unsigned gpu : placed.gpus) names.push_back(std::to_string(gpu));
  return names;
}

std::string rank_lines(const Scene& scene) {
  const std::vector<Device> nics = scene.node.nics();
  std::vector<std::vector<std::string>> rows = {{"rank", "cores", "cpus", "memory", "gpus", "nic"}};
  for (std::size_t i = 0; i < scene.ranks.size(); ++i) {
    const Placement& placed = scene.ranks[i];
    rows.push_back({std::to_string(i), std::to_string(scene.node.cores(placed.cpus).size()),
                    placed.cpus.list(), placed.memory.empty() ? "-" : placed.memory.list(),
                    placed.gpus.empty() ? "-" : joined(gpu_names(placed), ","),
                    placed.nic ? nics[*placed.nic].name : "-"});
  }
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += padded(row[i], widths[i] + 2);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

// Names come from the kernel and from an XML file that the user named.
std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  }
  return json + "\"";
}

std::string json_devices(const std::vector<Device>& devices) {
  std::vector<std::string> all;
  all.reserve(devices.size());
  for (const Device& device : devices)
    all.push_back("{\"name\":" + quoted(device.name) + ",\"pci\":" + quoted(device.pci) +
                  ",\"near\":" + quoted(device.near.list()) + "}");
  return "[" + joined(all, ",") + "]";
}

}  // namespace

std::string draw_text(const Scene& scene) {
  const FloorPlan plan = plan_floor(scene);
  const std::size_t width = std::to_string(scene.ranks.size()).size();
  std::string text =
      std::to_string(scene.ranks.size()) + (scene.ranks.size() == 1 ? " rank" : " ranks") + " on " +
      std::to_string(scene.node.cores(scene.allowed).size()) + " of " +
      std::to_string(scene.node.cores(scene.node.cpus()).size()) + " cores, pinned to: " + scene.pin +
      "\n(a number: the rank on that core; - free; * several ranks; . not of this allocation)\n";
  for (std::size_t package = 0; package < plan.size(); ++package) {
    text += "\npackage " + std::to_string(package) + "\n";
    for (const PlannedNuma& numa : plan[package]) {
      text += "  memory " + (numa.memory.empty() ? "-" : numa.memory);
      if (!numa.devices.empty()) text += ", next to " + joined(numa.devices, " ");
      text += "\n";
      for (const auto& cores : numa.l3s) text += cells(cores, width);
    }
  }
  return text + "\n" + rank_lines(scene);
}

std::string write_json(const Scene& scene) {
  const std::vector<Device> nics = scene.node.nics();
  std::vector<std::string> ranks;
  for (std::size_t i = 0; i < scene.ranks.size(); ++i) {
    const Placement& placed = scene.ranks[i];
    ranks.push_back("{\"rank\":" + std::to_string(i) + ",\"cpus\":" + quoted(placed.cpus.list()) +
                    ",\"memory\":" + quoted(placed.memory.list()) + ",\"memory_strictly\":" +
                    (placed.strictly ? "true" : "false") + ",\"gpus\":[" + joined(gpu_names(placed), ",") +
                    "],\"nic\":" + (placed.nic ? quoted(nics[*placed.nic].name) : "null") + "}");
  }
  return "{\"pin\":" + quoted(scene.pin) + ",\"cpus\":" + quoted(scene.allowed.list()) +
         ",\"gpus\":" + json_devices(scene.node.gpus()) + ",\"nics\":" + json_devices(nics) + ",\"ranks\":[" +
         joined(ranks, ",") + "]}\n";
}

}  // namespace sabot::placement
