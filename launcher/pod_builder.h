// SPDX-License-Identifier: Apache-2.0
// pod_builder.h: merge request, site configuration and the image's own configuration into a pod manifest.
// Not here: executing it (stage1-hpc). Decisions only, but for the caller's account and working directory.
#pragma once

#include <string>
#include <vector>

#include "images/launch_config.h"
#include "manifest.h"
#include "protocol.h"
#include "site_config.h"

namespace sabot {

/// Variables of the image that its ranks get: all but those that are the rank's own whatever the image says
/// (SLURM*, PMI*, PMIX*, the choice of GPUs). An image without a PATH gets the usual one.
std::vector<std::string> image_environment(const std::vector<std::string>& image_env);

/// The mounts of every pod, in their order, before the site's and the user's.
std::vector<Mount> default_mounts(const SiteConfig& site, const std::string& submit_dir,
                                  const std::vector<std::string>& pmi_dirs,
                                  const std::vector<std::string>& scripts, bool own_ipc = false);

/// The whole. `request` is a rank's; its strings were checked by `sabot resolve`, and are checked again,
/// since a user can send others. Throws UsageError or Refused.
PodManifest build_manifest(const MessageReader& request, const SiteConfig& site,
                           const images::LaunchConfig& image);

}  // namespace sabot
