// SPDX-License-Identifier: Apache-2.0
// site_config.h: what the site decided: /etc/sabot/sabot.conf, or the file that plugstack.conf names.
// Not here: the grammar of its lines (stage1-hpc/sys/settings.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "images/pull_policy.h"
#include "images/registry/access.h"
#include "manifest.h"

namespace sabot {

struct SiteConfig {
  std::string store;                     ///< image store, %u already replaced; empty: the user's own
  std::vector<std::string> site_stores;  ///< stores that all users read, looked into first; %u as above
  images::PullPolicy pull = images::PullPolicy::fresh;  ///< default of --pull of a launch
  std::int64_t lease_s =
      std::int64_t{14} * 24 * 3600;         ///< how long a job may wait and run that names an image
  std::vector<Mount> mounts;                ///< made in every pod
  std::vector<std::string> without_mounts;  ///< targets of default mounts that are left out
  std::uint64_t tmp_bytes = 0;              ///< size of a pod's /tmp; 0 is the kernel's default
  std::uint64_t writable_bytes = 0;         ///< size of what --container-writable may write; 0 likewise
  std::string task_prolog;                  ///< of slurm.conf, to be visible at its path; may be empty
  bool mount_home = false;                  ///< default of --container-mount-home
  bool start_profile = true;                ///< remember what an image's first runs read
  bool remap_root = false;                  ///< default of --container-remap-root
  std::string pin = "auto";                 ///< default of --container-pin
  std::string topology;                     ///< hwloc's XML to believe rather than the machine; empty: none
  bool writable = false;                    ///< default of --container-writable
  images::registry::AccessRules registry;   ///< how registries are reached
};

/// Parse the text of a site configuration. Throws Refused naming the line of an unknown name or a bad value.
SiteConfig parse_site_config(const std::string& text, const std::string& user_name);

/// Read `file`; a missing one is an empty one. Throws Refused where somebody but root or the caller could
/// have written it.
SiteConfig read_site_config(const std::string& file);

}  // namespace sabot
