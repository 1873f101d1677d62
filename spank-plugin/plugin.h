// SPDX-License-Identifier: Apache-2.0
// plugin.h: what the parts of spank_sabot.so share. One file per place that Slurm loads the plugin in:
// client.cc, components.cc, slurm_options.cc (srun, sbatch, salloc), step.cc (slurmstepd and its task
// children); options.cc is in both. Rules of this box: libc alone, no heap of its own, no exceptions, no
// threads, and as root nothing but keeping a few bits of what was asked. Sources: spank(8); the reasons are
// in SECURITY.md.
#pragma once

extern "C" {
#include <slurm/spank.h>  // declares the callbacks with C++ linkage otherwise
}
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

namespace sabot {

inline constexpr size_t kStage0Bytes = PATH_MAX + sizeof SABOT_STAGE0_FROM_LIBEXEC;  // its path, from libexec

/// Arguments of the plugin's line in plugstack.conf; root wrote them.
struct PluginArguments {
  char libexec_dir[PATH_MAX];   // libexec=DIR: sabot itself is found from there
  char config_file[PATH_MAX];   // config=FILE: site configuration
  int timeout_s;                // timeout=SECONDS: for building a pod
  bool takes_native_container;  // container=no leaves Slurm's own --container to oci.conf
};

/// False, with the argument that is not understood, where there is one.
bool read_arguments(int argc, char** argv, PluginArguments* arguments, const char** wrong);

/// FNV-1a, to know a text again; begin with kHashStart.
inline constexpr uint64_t kHashStart = 14695981039346656037ULL;
inline uint64_t hash_text(uint64_t hash, const char* text) {
  for (;; ++text) {
    hash = (hash ^ static_cast<unsigned char>(*text)) * 1099511628211ULL;
    if (*text == '\0') return hash;
  }
}

/// The options as given on a command line. In slurmstepd only whether an image was asked for is kept.
enum class Option {
  image,
  mounts,
  workdir,
  env,
  unshare,
  pin,
  pull,
  writable,
  readonly,
  mount_home,
  no_mount_home,
  remap_root,
  no_remap_root,
  explain,
};
inline constexpr int kOptionCount = 14;
inline constexpr size_t kOptionBytes = 16 * 1024;  // longest value; a longer one is refused, never cut

/// Register all options. False where Slurm refuses one.
bool register_options(spank_t spank);
/// The value given, "1" for a switch, or null.
const char* option_value(Option option);
/// Whether a value was too long to be kept; the client says so in one line, Slurm would repeat it in three.
bool option_is_too_long(Option option);
/// Its name, without the dashes.
const char* option_name(Option option);
/// It takes no value.
bool option_is_switch(Option option);
/// Unset the variable in which salloc and sbatch hand an option on.
void forget_variable_of(Option option);
/// What is given from here on is the next component's own: it was given `now`, what was there before
/// `earlier`.
void begin_options_of_component();
/// Given for this component itself.
bool option_is_of_component(Option option);
/// Of what components before this one were given take over nothing; or all but what contradicts this one's
/// own.
void keep_no_earlier_option();
void keep_earlier_options();
/// In slurmstepd: an image other than `none` was asked for by an option.
bool image_was_asked_for();

/// Variables that the client publishes and the step reads. The prefix SLURM_ survives --export=NONE.
inline constexpr char kPublishedPrefix[] = "SLURM_SABOT_";
inline constexpr char kImageVariable[] = "SLURM_SABOT_IMAGE";          // sha256:HEX or a path; empty: no pod
inline constexpr char kReferenceVariable[] = "SLURM_SABOT_REFERENCE";  // what the user wrote
inline constexpr char kStoreVariable[] = "SLURM_SABOT_STORE";
inline constexpr char kMountsVariable[] = "SLURM_SABOT_MOUNTS";
inline constexpr char kWorkdirVariable[] = "SLURM_SABOT_WORKDIR";
inline constexpr char kWritableVariable[] = "SLURM_SABOT_WRITABLE";
inline constexpr char kCommandVariable[] = "SLURM_SABOT_COMMAND";  // 1: the step may look for the command
inline constexpr char kTaskPrologVariable[] = "SLURM_SABOT_TASK_PROLOG";
inline constexpr char kOriginVariable[] =
    "SLURM_SABOT_ORIGIN";  // whether the steps of a job inherit the image
inline constexpr char kComponentsVariable[] =
    "SLURM_SABOT_COMPONENTS";  // set: components have different answers
inline constexpr char kComponentVariable[] =
    "SLURM_SABOT_COMPONENT";                            // which one this is; the first has none
inline constexpr char kComponentMark[] = "_COMPONENT";  // SLURM_SABOT_IMAGE_COMPONENT_1
inline constexpr size_t kAnswerBytes = 128 * 1024;      // of all that one component publishes

// slurm_options.cc
/// Whether this command lets its options be read. Else only its environment says something.
bool slurm_options_are_known();
/// The value of an option of Slurm's own, without its dashes; null where there is none. Lives as long as
/// srun.
const char* slurm_option(const char* name);
bool change_slurm_option(const char* name, const char* value);
void clear_slurm_option(const char* name);

// components.cc
/// Before a component of a step is looked at, counted from 0: let the environment be as the job left it.
/// False where the job published more than can be kept.
bool begin_component(int component);
/// Publish a component's answer, lines NAME=VALUE, empty where it asks for nothing; `as_the_first`: it asks
/// for the same. False where Slurm does not take the mark by which the component is known on the node.
bool publish_component(int component, const char* answer, bool as_the_first);

// client.cc
/// Before options are parsed: forget the SLURM_CONTAINER of an outer step or job (it is no request of ours).
void forget_stale_container();
/// Likewise: what salloc or sbatch was given comes back to their sruns as if it were this command's,
/// unresolved. What they published is the better answer: the image that was named that day.
void forget_inherited_options();
/// After: let `sabot resolve` check what was asked and publish its answer. False: it has said why.
bool resolve_request(spank_t spank, const PluginArguments& arguments);

// step.cc
/// In slurmstepd, as root, before other plugins of later lines are called: a number for each entry of the
/// job's environment, by which a rank knows what was set on the node.
void note_environment(spank_t spank);
/// In slurmstepd, as root, before any rank is forked: make the place where ranks and keeper meet, if the step
/// asks for an image. Two descriptors without a name; cannot fail, what goes wrong is said by the ranks.
void make_rendezvous(spank_t spank);
/// In slurmstepd, after a rank was forked: with the last one the keeper's end is closed here.
void count_forked_rank(spank_t spank);
/// In slurmstepd, after a rank has ended: with the last one, wait a moment for the keeper to be gone. If it
/// is not when Slurm looks for what the step left running, Slurm sleeps for a second.
void count_ended_rank();
// site.cc
/// In slurmstepd: TaskProlog is configured, or it is not known whether it is.
bool site_has_task_prolog();

// step.cc, too
/// In the task child, as the user: enter the pod if an image was asked for. Returns only if the rank may run.
void become_rank(spank_t spank, const PluginArguments& arguments);

}  // namespace sabot
