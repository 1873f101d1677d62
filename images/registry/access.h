// SPDX-License-Identifier: Apache-2.0
// access.h: what the site and the user decided about registries, and the credentials shown to them.
// Not here: the keys of the site configuration (launcher/site_config.h).
#pragma once

#include <string>
#include <vector>

#include "images/registry/credentials.h"

namespace sabot::images::registry {

struct Mirror {
  std::string host;  ///< HOST[:PORT] that it stands for, as ImageName::host
  std::string at;    ///< HOST[:PORT][/PREFIX] that is asked first
};

struct AccessRules {
  std::string default_registry;  ///< HOST[:PORT]; empty: Docker Hub for docker://, nothing for a bare name
  std::vector<Mirror> mirrors;   ///< asked in this order, before the host itself
  std::vector<std::string> insecure;  ///< HOST[:PORT] that may be asked in plain HTTP, besides loopback
  std::vector<std::string> certs;     ///< directories with a directory HOST[:PORT] each, as Docker's certs.d
};

/// The directories that Docker, Podman and the engines before them look into, after the site's own.
inline constexpr const char* kCertsFolders[] = {"/etc/containers/certs.d", "/etc/docker/certs.d"};

}  // namespace sabot::images::registry
