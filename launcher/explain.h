// SPDX-License-Identifier: Apache-2.0
// explain.h: what a launch would do, in words or as JSON, without doing it: image, ids, options and where
// they came from, mounts and why, environment and who wins. Not here: deciding it (request.cc,
// pod_builder.cc).
#pragma once

#include <string>
#include <vector>

#include "protocol.h"
#include "request.h"
#include "site_config.h"

namespace sabot {

/// A request to stage0 without what a rank alone knows.
void write_request(MessageWriter& message, const PodRequest& request);

/// Print it on standard output. `given` as on the command line, before the environment was looked at;
/// `command` may be empty: as Slurm is told. Mounts are what this host makes of them; a node looks again.
/// Throws as build_manifest does.
void explain(const PodOptions& given, const PodRequest& request, const SiteConfig& site,
             const std::vector<std::string>& command, bool json);

}  // namespace sabot
