// SPDX-License-Identifier: Apache-2.0
// site.cc: what the task child has to know of slurm.conf. The one file that includes all of Slurm's API.
#include "plugin.h"

extern "C" {
#include <slurm/slurm.h>
}
#include <dlfcn.h>

namespace sabot {

bool site_has_task_prolog() {
  // slurmstepd's own copy, received from slurmd. Its layout is that of libslurm's major release, which Slurm
  // checks this plugin to be built for. Unknown: as if there were one.
  const auto* conf = static_cast<const slurm_conf_t*>(dlsym(RTLD_DEFAULT, "slurm_conf"));
  return conf == nullptr || conf->task_prolog != nullptr;
}

}  // namespace sabot
