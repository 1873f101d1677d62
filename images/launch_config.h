// SPDX-License-Identifier: Apache-2.0
// launch_config.h: how an image wants to be started: environment, command, directory, user, labels.
// Not here: what a launch makes of it (launcher/), where it is kept in an image (squashfs_file.h).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sabot::images {

/// Documents larger than this are refused; as large as any OCI manifest may be (distribution-spec 1.1).
inline constexpr std::size_t kJsonBytes = std::size_t{4} << 20;
/// Arrays and objects within each other; real documents need 6, a parser's stack should not be the limit.
inline constexpr int kJsonDepth = 32;

/// The part of an image configuration that a launch needs. Empty members mean "not said".
struct LaunchConfig {
  std::vector<std::string> env;  ///< NAME=VALUE, in the image's order
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::string working_dir;
  std::string user;  ///< as written: name, uid, user:group
  std::map<std::string, std::string> labels;

  bool operator==(const LaunchConfig&) const = default;
};

/// Read the `config` object of an OCI image configuration: Env, Entrypoint, Cmd, WorkingDir, User, Labels.
/// `json`      UTF-8, at most kJsonBytes, kJsonDepth; unknown members are ignored, null is absent
/// Returns     the configuration; entries of Env without `=` or a name are dropped, as other runtimes do
/// Throws      Refused: not JSON, too deep or large, a member twice, bytes after the end, a member of the
///             wrong type, NUL anywhere, a newline in a variable's name, User, WorkingDir or a label's name
/// Source      image-spec 1.1 config.md; pure
LaunchConfig parse_launch_config(std::string_view json);

/// The same object as one line of JSON with a newline at the end; equal configurations give equal bytes.
/// Members that are empty are left out. Throws Refused when a string is not UTF-8.
std::string to_json(const LaunchConfig& config);

}  // namespace sabot::images
