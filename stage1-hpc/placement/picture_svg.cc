// SPDX-License-Identifier: Apache-2.0
// picture_svg.cc: who runs where, as a drawing: boxes in boxes, one colour per rank.
#include <algorithm>

#include "placement/floor_plan.h"
#include "placement/picture.h"

namespace sabot::placement {
namespace {

constexpr int kCell = 26;
constexpr int kGap = 4;
constexpr int kPad = 10;
constexpr int kLine = 18;
constexpr int kCoresInARow = 16;
constexpr int kPackagesInARow = 2;

std::string escaped(const std::string& text) {
  std::string xml;
  for (const char c : text) {
    if (c == '<' || c == '>' || c == '&' || c == '"') {
      xml += '?';
    } else {
      xml += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return xml;
}

// Neighbours differ: the golden angle around the circle of hues, in two rings of lightness.
std::string colour(unsigned rank) {
  return "hsl(" + std::to_string(rank * 137 % 360) + ",65%," + std::to_string(rank % 2 == 0 ? 72 : 60) + "%)";
}

std::string box(int x, int y, int width, int height, const std::string& fill, const char* stroke) {
  return "<rect x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" width=\"" +
         std::to_string(width) + "\" height=\"" + std::to_string(height) + "\" rx=\"3\" fill=\"" + fill +
         "\" stroke=\"" + stroke + "\"/>\n";
}

std::string words(int x, int y, const std::string& text, const char* anchor = "start") {
  return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" text-anchor=\"" + anchor +
         "\">" + escaped(text) + "</text>\n";
}

struct Size {
  int width;
  int height;
};

int rows_of(std::size_t cores) { return (static_cast<int>(cores) + kCoresInARow - 1) / kCoresInARow; }

Size size_of(const PlannedNuma& numa) {
  Size size{2 * kPad, kLine + kPad};
  std::size_t widest = 1;
  for (const auto& cores : numa.l3s) {
    size.height += rows_of(cores.size()) * (kCell + kGap) + kGap;
    widest = std::max(widest, std::min<std::size_t>(cores.size(), kCoresInARow));
  }
  size.width += static_cast<int>(std::max<std::size_t>(widest, 8)) * (kCell + kGap);
  if (!numa.devices.empty()) size.height += kLine;
  return size;
}

Size size_of(const std::vector<PlannedNuma>& package) {
  Size size{0, kLine + kPad};
  for (const PlannedNuma& numa : package) {
    const Size inner = size_of(numa);
    size.width = std::max(size.width, inner.width + 2 * kPad);
    size.height += inner.height + kPad;
  }
  return size;
}

std::string draw_core(const PlannedCore& core, int x, int y) {
  std::string fill = "#ffffff";
  std::string label;
  if (core.tenant == Tenant::rank) {
    fill = colour(core.rank);
    label = std::to_string(core.rank);
  } else if (core.tenant == Tenant::several) {
    fill = "#888888";
    label = "*";
  } else if (core.tenant == Tenant::not_ours) {
    fill = "#e4e4e4";
  }
  std::string text =
      "<g><title>CPUs " + core.cpus.list() + "</title>" + box(x, y, kCell, kCell, fill, "#777777");
  if (!label.empty()) text += words(x + kCell / 2, y + kCell / 2 + 4, label, "middle");
  return text + "</g>\n";
}

std::string draw_numa(const PlannedNuma& numa, int x, int y, int width) {
  const Size size = size_of(numa);
  std::string text = box(x, y, width, size.height, "#f4f0e0", "#b0a070");
  text += words(x + kPad, y + kLine - 4, "memory " + (numa.memory.empty() ? "-" : numa.memory));
  int down = y + kLine + kGap;
  for (const auto& cores : numa.l3s) {
    for (std::size_t i = 0; i < cores.size(); ++i)
      text += draw_core(cores[i], x + kPad + static_cast<int>(i % kCoresInARow) * (kCell + kGap),
                        down + static_cast<int>(i / kCoresInARow) * (kCell + kGap));
    down += rows_of(cores.size()) * (kCell + kGap) + kGap;
  }
  std::string devices;
  for (const std::string& name : numa.devices) devices += (devices.empty() ? "" : "  ") + name;
  if (!devices.empty()) text += words(x + kPad, down + kLine - 6, devices);
  return text;
}

std::string draw_package(const std::vector<PlannedNuma>& package, std::size_t number, int x, int y,
                         Size size) {
  std::string text = box(x, y, size.width, size.height, "#eef2f8", "#6080a0");
  text += words(x + kPad, y + kLine - 4, "package " + std::to_string(number));
  int down = y + kLine + kGap;
  for (const PlannedNuma& numa : package) {
    text += draw_numa(numa, x + kPad, down, size.width - 2 * kPad);
    down += size_of(numa).height + kPad;
  }
  return text;
}

}  // namespace

std::string draw_svg(const Scene& scene) {
  const FloorPlan plan = plan_floor(scene);
  Size widest{0, 0};
  for (const auto& package : plan) {
    const Size size = size_of(package);
    widest = {std::max(widest.width, size.width), std::max(widest.height, size.height)};
  }
  std::string body;
  for (std::size_t i = 0; i < plan.size(); ++i)
    body +=
        draw_package(plan[i], i, kPad + static_cast<int>(i % kPackagesInARow) * (widest.width + kPad),
                     kLine + kPad + static_cast<int>(i / kPackagesInARow) * (widest.height + kPad), widest);
  const int columns = std::min(static_cast<int>(plan.size()), kPackagesInARow);
  const int rows = (static_cast<int>(plan.size()) + kPackagesInARow - 1) / kPackagesInARow;
  const std::string title = std::to_string(scene.ranks.size()) + " ranks, pinned to: " + scene.pin +
                            "; a number is the rank on that core";
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
         std::to_string(columns * (widest.width + kPad) + kPad) + "\" height=\"" +
         std::to_string(rows * (widest.height + kPad) + kLine + kPad) +
         "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" "
         "fill=\"#ffffff\"/>\n" +
         words(kPad, kLine, title) + body + "</svg>\n";
}

}  // namespace sabot::placement
