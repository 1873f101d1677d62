// SPDX-License-Identifier: Apache-2.0
// plugin.cc: the plugin's edge: what Slurm calls, and what is done there, in the order of a launch.
// As root (slurmd; slurmstepd outside of task_init) nothing here can fail or look at anything: a failure for
// a user's mistake would drain the node. What a user got wrong is said in task_init, as the user.
#include "plugin.h"

#include <string.h>

namespace {

sabot::PluginArguments arguments;

bool in_client() {
  const spank_context_t context = spank_context();
  return context == S_CTX_LOCAL || context == S_CTX_ALLOCATOR;
}

// False, with a word to the log, for a line in plugstack.conf that we do not understand.
bool read_plugstack_line(int argc, char** argv) {
  const char* wrong = nullptr;
  if (sabot::read_arguments(argc, argv, &arguments, &wrong)) return true;
  slurm_error(
      "sabot: plugstack.conf: '%s' is not understood; known are libexec=DIR config=FILE timeout=SECONDS "
      "container=yes|no",
      wrong);
  return false;
}

}  // namespace

extern "C" {
#define SABOT_EXPORT __attribute__((visibility("default")))

// Not SPANK_PLUGIN(): C++ does not export a bare const. The version's major.minor must be that of the running
// Slurm, which checks it: a plugin is built per release.
SABOT_EXPORT extern const char plugin_name[] = "sabot";
SABOT_EXPORT extern const char plugin_type[] = "spank";
SABOT_EXPORT extern const unsigned int plugin_version = SLURM_VERSION_NUMBER;
SABOT_EXPORT extern const unsigned int spank_plugin_version = 1;

SABOT_EXPORT int slurm_spank_init(spank_t spank, int argc, char** argv) {
  const bool understood = read_plugstack_line(argc, argv);
  if (in_client()) {
    if (!understood) return -1;
    if (arguments.takes_native_container) sabot::forget_stale_container();
    sabot::forget_inherited_options();
    return sabot::register_options(spank) ? 0 : -1;
  }
  if (spank_context() == S_CTX_REMOTE) {
    sabot::register_options(spank);
    sabot::note_environment(spank);
  }
  return 0;
}

SABOT_EXPORT int slurm_spank_init_post_opt(spank_t spank, int, char**) {
  if (in_client()) return sabot::resolve_request(spank, arguments) ? 0 : -1;
  if (spank_context() == S_CTX_REMOTE) sabot::make_rendezvous(spank);
  return 0;
}

SABOT_EXPORT int slurm_spank_task_post_fork(spank_t spank, int, char**) {
  sabot::count_forked_rank(spank);
  return 0;
}

SABOT_EXPORT int slurm_spank_task_exit(spank_t, int, char**) {
  sabot::count_ended_rank();
  return 0;
}

SABOT_EXPORT int slurm_spank_task_init(spank_t spank, int, char**) {
  sabot::become_rank(spank, arguments);
  return 0;
}
}
