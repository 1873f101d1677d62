// SPDX-License-Identifier: Apache-2.0
// entry_name.cc: see entry_name.h.
#include "images/entry_name.h"

#include <algorithm>

#include "images/limits.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kMarker = ".wh..wh.";  // AUFS's own names; `.opq` alone means something to us
constexpr std::string_view kOpaque = ".wh..wh..opq";

std::string quoted(std::string_view raw) {
  return "'" + printable(raw.substr(0, 200)) + (raw.size() > 200 ? "...'" : "'");
}

}  // namespace

std::string normalise_entry_name(std::string_view raw) {
  if (raw.size() > kMaxPathBytes) throw Refused(quoted(raw) + " is a name longer than 4096 bytes");
  std::string path;
  path.reserve(raw.size());
  std::size_t depth = 0;
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t end = std::min(raw.find('/', at), raw.size());
    const std::string_view part = raw.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") throw Refused(quoted(raw) + " leaves the image root");
    if (part.size() > kMaxNameBytes) throw Refused(quoted(raw) + " has a component longer than 255 bytes");
    if (++depth > kMaxDepth) throw Refused(quoted(raw) + " is too deep");
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

std::pair<std::string_view, std::string_view> split_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

LayerName read_layer_name(std::string_view raw) {
  LayerName name{LayerName::Kind::entry, normalise_entry_name(raw)};
  if (name.path.find(kWhiteout) == std::string::npos) return name;
  const auto [directory, last] = split_name(name.path);
  for (std::string_view rest = directory; !rest.empty();) {
    const auto [upper, part] = split_name(rest);
    if (part.starts_with(kWhiteout)) return {LayerName::Kind::ignored, name.path};
    rest = upper;
  }
  if (!last.starts_with(kWhiteout)) return name;
  if (last == kOpaque) return {LayerName::Kind::opaque, std::string(directory)};
  if (last.starts_with(kMarker)) return {LayerName::Kind::ignored, name.path};
  const std::string_view hidden = last.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..")
    throw Refused(quoted(raw) + " is a whiteout that names nothing in its directory");
  std::string path(directory);
  if (!path.empty()) path += '/';
  return {LayerName::Kind::whiteout, path.append(hidden)};
}

}  // namespace sabot::images
