// SPDX-License-Identifier: Apache-2.0
// resolve.cc: `sabot resolve`: what a submitting command asks before an allocation is used.
#include <iostream>

#include "commands.h"
#include "explain.h"
#include "importer.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

// The lines that spank-plugin/client.cc takes over into the environment of the job or step.
void print_published(const PodRequest& request, ResolveFor whom) {
  const bool inherited = whom == ResolveFor::job && request.inherited_by_steps;
  std::cout << "SLURM_SABOT_IMAGE=" << request.image << '\n'
            << "SLURM_SABOT_STORE=" << request.store << '\n'
            << "SLURM_SABOT_MOUNTS=" << request.mounts << '\n'
            << "SLURM_SABOT_WORKDIR=" << request.workdir << '\n'
            << "SLURM_SABOT_WRITABLE=" << (request.writable ? "1" : "0") << '\n'
            << "SLURM_SABOT_MOUNT_HOME=" << (request.mount_home ? "1" : "0") << '\n'
            << "SLURM_SABOT_REMAP_ROOT=" << (request.remap_root ? "1" : "0") << '\n'
            << "SLURM_SABOT_UNSHARE=" << request.unshare << '\n'
            << "SLURM_SABOT_PIN=" << request.pin << '\n'
            << "SLURM_SABOT_ENV=" << request.env << '\n'
            << "SLURM_SABOT_REFERENCE=" << printable(request.reference) << '\n'
            << "SLURM_SABOT_ORIGIN=" << (inherited ? "job" : "step") << '\n';
}

}  // namespace

int resolve_command(const GlobalOptions& global, const PodOptions& options, ResolveFor whom,
                    const std::string& explanation) {
  if (!explanation.empty() && explanation != "text" && explanation != "json")
    throw UsageError("--container-explain: '" + printable(explanation) + "' is not json");
  const SiteConfig site = read_site_config(global.config_file);
  const PodRequest request =
      resolve(with_environment(options), site, importer_for_launch(global.config_file));
  if (printable(request.image + request.store) != request.image + request.store)
    throw Refused("the image's path '" + printable(request.image) +
                  "' has characters that Slurm cannot hand on");
  if (!explanation.empty()) {
    explain(options, request, site, {}, explanation == "json");
  } else if (whom != ResolveFor::person) {
    print_published(request, whom);
  } else if (request.image.empty()) {
    throw UsageError("name an image");
  } else {
    std::cout << request.image << '\n';
  }
  std::cout.flush();
  return std::cout ? 0 : kExitRuntime;
}

}  // namespace sabot
