// SPDX-License-Identifier: Apache-2.0
// aci_manifest.h: the manifest of an App Container image: name, labels, app, dependencies, whitelist.
// Not here: the archive and its dependencies' files (aci_import.h), signatures, pods.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "images/launch_config.h"

namespace sabot::images {

/// A manifest larger than this is refused; it is read before anything vouches for it.
inline constexpr std::size_t kAciManifestBytes = std::size_t{1} << 20;

/// Paths that an image may show; all where it is empty.
class PathWhitelist {
 public:
  /// Throws Refused for a path that is not absolute, or has `..` in it.
  void add(const std::string& path);
  /// `path` normalised, without its leading slash. A directory is kept for what is listed below it, too.
  /// Whole components are compared.
  bool allows(std::string_view path, bool is_directory) const;

 private:
  std::set<std::string, std::less<>> paths_;
};

struct AciDependency {
  std::string name;
  std::string image_id;  ///< `sha512-` and 128 hex digits; may be empty
  std::map<std::string, std::string> labels;
  std::optional<std::uint64_t> size_bytes;  ///< of the file
};

struct AciManifest {
  std::string name;
  std::map<std::string, std::string> labels;  ///< version, os, arch and others
  LaunchConfig launch;                        ///< of its app; empty where it has none
  std::vector<AciDependency> dependencies;    ///< lowest first
  PathWhitelist whitelist;
  std::vector<std::string> notes;  ///< what its app asks for and does not get
};

/// How an image's archive is read as a layer: what it must contain and may show.
struct AciRules {
  std::string manifest;                          ///< its text, which must be what the archive has
  std::vector<const PathWhitelist*> whitelists;  ///< its own and those of what depends on it

  bool keeps(std::string_view path, bool is_directory) const;
};

/// Throws      Refused: what parse_json refuses; another kind; a malformed name, version, label, image ID or
/// path;
///             a variable or label twice
/// Source      appc spec 0.8.11, aci.md and types.md. Exec becomes Entrypoint; annotations and mount points
/// become
///             labels (appc.io/mount-point/NAME); user and group are only told. Pure
AciManifest parse_aci_manifest(std::string_view json);

/// GOARCH for appc's word: aarch64 is arm64, i386 is 386.
std::string go_architecture(const std::string& appc);

}  // namespace sabot::images
