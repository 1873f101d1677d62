// SPDX-License-Identifier: Apache-2.0
// aci_manifest.cc: see aci_manifest.h.
#include "images/aci_manifest.h"

#include <algorithm>
#include <cctype>

#include "images/entry_name.h"
#include "images/json.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

std::string quoted(std::string_view text) { return "'" + printable(text.substr(0, 200)) + "'"; }

bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// AC Identifier: plain characters with single separators between them.
std::string identifier(const std::string& text, const char* what) {
  bool good = !text.empty() && is_plain(text.front()) && is_plain(text.back());
  for (std::size_t i = 0; good && i < text.size(); ++i)
    good = is_plain(text[i]) ||
           (std::string_view("-._~/").find(text[i]) != std::string_view::npos && is_plain(text[i - 1]));
  if (!good) throw Refused(std::string(what) + " " + quoted(text) + " is not a name as appc has them");
  return text;
}

void check_version(const std::string& version) {
  unsigned dots = 0;
  bool digit = false;
  for (const char c : version) {
    if (c == '-' || c == '+') break;
    if (c == '.' && digit) {
      ++dots;
      digit = false;
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      digit = true;
    } else {
      dots = 9;
    }
  }
  if (dots != 2 || !digit) throw Refused("the acVersion " + quoted(version) + " is not a version");
}

/// [{"name":...,"value":...}]
std::map<std::string, std::string> pairs(const JsonValue& from, const char* list_name, bool identifiers) {
  std::map<std::string, std::string> all;
  const JsonValue* list = from.list_at(list_name);
  if (list == nullptr) return all;
  for (const JsonValue& item : list->items) {
    const std::string name = item.string_at("name");
    if (identifiers) identifier(name, list_name);
    if (!all.emplace(name, item.string_at("value")).second)
      throw Refused(std::string(list_name) + " has " + quoted(name) + " twice");
  }
  return all;
}

std::map<std::string, std::string> labels_of(const JsonValue& from) {
  auto labels = pairs(from, "labels", true);
  if (labels.contains("name")) throw Refused("a label must not be called 'name'");
  return labels;
}

std::string checked_id(const std::string& id) {
  const bool good = id.empty() || (id.size() == 135 && id.starts_with("sha512-") &&
                                   id.find_first_not_of("0123456789abcdef", 7) == std::string::npos);
  if (!good) throw Refused("the image ID " + quoted(id) + " is not sha512- and 128 hex digits");
  return id;
}

std::vector<AciDependency> dependencies_of(const JsonValue& document) {
  std::vector<AciDependency> all;
  const JsonValue* list = document.list_at("dependencies");
  if (list == nullptr) return all;
  for (const JsonValue& item : list->items) {
    AciDependency one;
    one.name = identifier(item.string_at("imageName"), "the dependency");
    one.image_id = checked_id(item.string_at("imageID"));
    one.labels = labels_of(item);
    if (item.find("size") != nullptr) one.size_bytes = item.count_at("size");
    all.push_back(std::move(one));
  }
  return all;
}

bool is_variable(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
  });
}

void add_mount_points(const JsonValue& app, LaunchConfig& launch) {
  const JsonValue* list = app.list_at("mountPoints");
  if (list == nullptr) return;
  for (const JsonValue& item : list->items) {
    const std::string name = identifier(item.string_at("name"), "the mount point");
    const JsonValue* read_only = item.find("readOnly");
    const bool ro = read_only != nullptr && read_only->kind == JsonValue::Kind::boolean && read_only->boolean;
    launch.labels["appc.io/mount-point/" + name] = item.string_at("path") + (ro ? ":ro" : "");
  }
}

LaunchConfig launch_of(const JsonValue& app, std::vector<std::string>& notes) {
  LaunchConfig launch;
  launch.entrypoint = app.strings_at("exec");
  launch.working_dir = app.string_at("workingDirectory");
  launch.user = app.string_at("user");
  const std::string group = app.string_at("group");
  if (launch.user.empty() || group.empty()) throw Refused("the app names no user or no group");
  launch.user += ":" + group;
  if (!launch.working_dir.empty() && launch.working_dir[0] != '/')
    throw Refused("the working directory " + quoted(launch.working_dir) + " is not absolute");
  for (const auto& [name, value] : pairs(app, "environment", false)) {
    if (!is_variable(name)) throw Refused(quoted(name) + " is not a variable's name");
    launch.env.push_back(name);
    launch.env.back().append("=").append(value);
  }
  add_mount_points(app, launch);
  const JsonValue* handlers = app.list_at("eventHandlers");
  if (handlers != nullptr && !handlers->items.empty())
    notes.emplace_back("the app's event handlers (pre-start, post-stop) are not run");
  const JsonValue* isolators = app.list_at("isolators");
  if (isolators != nullptr && !isolators->items.empty())
    notes.emplace_back("the app's isolators are left out: Slurm limits what a rank uses");
  return launch;
}

}  // namespace

void PathWhitelist::add(const std::string& path) {
  if (path.empty() || path[0] != '/')
    throw Refused("the whitelist's path " + quoted(path) + " is not absolute");
  paths_.insert(normalise_entry_name(path));
}

bool PathWhitelist::allows(std::string_view path, bool is_directory) const {
  if (paths_.empty() || path.empty() || paths_.contains(path)) return true;
  if (!is_directory) return false;
  const std::string inside = std::string(path) + "/";
  const auto below = paths_.lower_bound(inside);
  return below != paths_.end() && below->starts_with(inside);
}

bool AciRules::keeps(std::string_view path, bool is_directory) const {
  return std::all_of(whitelists.begin(), whitelists.end(),
                     [&](const PathWhitelist* list) { return list->allows(path, is_directory); });
}

AciManifest parse_aci_manifest(std::string_view json) {
  if (json.size() > kAciManifestBytes) throw Refused("a manifest larger than 1 MiB");
  const JsonValue document = parse_json(json);
  if (document.kind != JsonValue::Kind::object) throw Refused("not a JSON object");
  const std::string kind = document.string_at("acKind");
  if (kind != "ImageManifest") throw Refused("a manifest of kind " + quoted(kind) + ", not ImageManifest");
  check_version(document.string_at("acVersion"));
  AciManifest manifest;
  manifest.name = identifier(document.string_at("name"), "the image");
  manifest.labels = labels_of(document);
  if (const JsonValue* app = document.object_at("app")) manifest.launch = launch_of(*app, manifest.notes);
  for (const auto& [name, value] : pairs(document, "annotations", true))
    manifest.launch.labels.emplace(name, value);
  manifest.dependencies = dependencies_of(document);
  for (const std::string& path : document.strings_at("pathWhitelist")) manifest.whitelist.add(path);
  manifest.launch = parse_launch_config(to_json(manifest.launch));  // NUL, newline: its rules hold here too
  return manifest;
}

std::string go_architecture(const std::string& appc) {
  if (appc == "aarch64") return "arm64";
  if (appc == "i386") return "386";
  if (appc == "armv7l" || appc == "armv6l") return "arm";
  return appc;
}

}  // namespace sabot::images
