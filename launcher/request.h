// SPDX-License-Identifier: Apache-2.0
// request.h: what the user asked of a pod, and what the nodes are told after it was checked.
// Not here: the command line (command_line.cc), what a pod is built of (pod_builder.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "images/reference.h"
#include "site_config.h"

namespace sabot {

/// As given, before any check; an absent one was not given. From the command line, or from the environment.
struct PodOptions {
  std::optional<std::string> image;
  std::optional<std::string> native_image;  ///< Slurm's own --container
  std::optional<std::string> mounts;
  std::optional<std::string> workdir;
  std::optional<bool> writable;
  std::optional<bool> mount_home;
  std::optional<bool> remap_root;
  std::optional<std::string> env;      ///< NAME,... whose values are the job's, whatever the image says
  std::optional<std::string> unshare;  ///< of net,ipc,uts
  std::optional<std::string> pin;      ///< one of kPinWords
  std::optional<std::string> pull;     ///< new, update or never
  bool needs_image = false;            ///< an option was given that means nothing without an image
};

/// Checked and complete: what a node needs to build the pod, besides its own site configuration.
struct PodRequest {
  std::string reference;  ///< what the user wrote, to know it again in a step of the job
  std::string image;      ///< sha256:HEX or an absolute path of a squashfs file; empty: no pod
  std::string store;      ///< where the digest is
  std::string mounts;     ///< as format_mounts writes them; may be empty
  std::string workdir;    ///< absolute; empty: not asked for
  bool writable = false;
  bool mount_home = false;
  bool remap_root = false;
  std::string unshare;              ///< of net,ipc,uts; may be empty
  std::string pin;                  ///< one of kPinWords
  std::string env;                  ///< NAME,...; may be empty
  bool inherited_by_steps = false;  ///< of a job: its sruns take it over unless they say otherwise
};

/// For what `given` leaves open: SABOT_CONTAINER_* of the caller's environment, then PYXIS_CONTAINER_*, then
/// what the job around it was given. Throws UsageError for a switch that is neither true nor false.
PodOptions with_environment(PodOptions given);

/// The user's image store: $SABOT_STORE, the site's, $XDG_DATA_HOME/sabot, ~/.local/share/sabot.
std::string store_path(const SiteConfig& site);

/// Make `source` an image of the store at `store`; returns its digest. `pull` is for what a registry has.
using Importer = std::function<std::string(const images::Reference& source, const std::string& store,
                                           images::PullPolicy pull)>;

/// Check everything that can be checked here, import the image if it is not a squashfs yet, and say what the
/// nodes shall do. An image that is `none`, or none at all, gives an empty request.
/// Throws UsageError for grammar, Refused or Error for an image that is not there or not usable
PodRequest resolve(const PodOptions& options, const SiteConfig& site, const Importer& importer);

}  // namespace sabot
