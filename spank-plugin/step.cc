// SPDX-License-Identifier: Apache-2.0
// step.cc: the plugin in a task child of slurmstepd, as the user, after Slurm has bound it to its CPUs and
// set up its MPI: ask for the pod, enter it, and return, so that slurmstepd itself execs the rank. Not here:
// the entering itself (stage1-hpc/rank_entry.cc).
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command_path.h"
#include "plugin.h"
#include "protocol.h"
#include "rank_entry.h"
#include "seat.h"

namespace sabot {
namespace {

// slurm.h has these; it drags in all of Slurm's API.
constexpr uint32_t kExternStep = 0xfffffffc;
constexpr uint32_t kBatchStep = 0xfffffffb;
constexpr uint32_t kInteractiveStep = 0xfffffffa;

constexpr int kExitRuntime = 125;
constexpr int kKeeperEndsMs = 500;  // it takes a few; more only if a process was left in the pod

// What the submitting command published, and what it is called in a request.
struct Published {
  const char* variable;
  const char* request_name;  // null: not the pod's business
};
constexpr Published kPublished[] = {
    {kImageVariable, name::kImage},
    {kReferenceVariable, nullptr},
    {kStoreVariable, name::kStore},
    {kMountsVariable, name::kMounts},
    {kWorkdirVariable, name::kWorkdir},
    {kWritableVariable, name::kWritable},
    {"SLURM_SABOT_MOUNT_HOME", name::kMountHome},
    {"SLURM_SABOT_REMAP_ROOT", name::kRemapRoot},
    {"SLURM_SABOT_UNSHARE", name::kUnshare},
    {"SLURM_SABOT_ENV", name::kKeepEnv},
    {kTaskPrologVariable, name::kScript},
    {"SLURM_SABOT_PIN", name::kPin},
    {kOriginVariable, nullptr},
};

char request_bytes[kMessageBytes];
char reply_bytes[kMessageBytes];
char variable_bytes[kMessageBytes];
Rendezvous place = kNoRendezvous;
uint32_t forked_ranks;
uint32_t ended_ranks;
uint64_t sent_entries[4096];  // of the job's environment as it came
size_t sent_count;
int refusal_code = kExitRuntime;

uint32_t item(spank_t spank, spank_item_t which) {
  uint32_t value = 0;
  return spank_get_item(spank, which, &value) == ESPANK_SUCCESS ? value : 0;
}

// An image was asked for and this rank is not in it: it must not run. Printed on the rank's own standard
// error, which is in place by now; escaped, for paths come from outside. Not a return: Slurm would say it in
// four lines and exit with 1.
[[noreturn]] __attribute__((format(printf, 2, 3))) void refuse(spank_t spank, const char* format, ...) {
  char text[2048];
  va_list arguments;
  va_start(arguments, format);
  const int bytes = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (int i = 0; i < bytes && text[i] != '\0'; ++i)
    if (static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7f) text[i] = '?';
  char host[256] = "this node";
  gethostname(host, sizeof host - 1);
  char line[2560];
  const int used = snprintf(line, sizeof line, "sabot: error: rank %u on %s: %s\n",
                            item(spank, S_TASK_GLOBAL_ID), host, text);
  if (used > 0 && write(STDERR_FILENO, line, strnlen(line, sizeof line)) == -1) _exit(refusal_code);
  _exit(refusal_code);
}

// The job's variable, or "" where it has none. One that does not fit is a refusal, never "not set".
const char* job_variable(spank_t spank, const char* name) {
  const spank_err_t err = spank_getenv(spank, name, variable_bytes, sizeof variable_bytes);
  if (err == ESPANK_SUCCESS) return variable_bytes;
  if (err != ESPANK_ENV_NOEXIST) refuse(spank, "read %s: %s", name, spank_strerror(err));
  return "";
}

// The same of what was published for this rank's component of the step. Null where it was not.
const char* published(spank_t spank, const char* name) {
  char full[256];
  char component[16];
  spank_err_t err = spank_getenv(spank, kComponentVariable, component, sizeof component);
  snprintf(full, sizeof full, err == ESPANK_ENV_NOEXIST ? "%s" : "%s%s_%s", name, kComponentMark, component);
  err = spank_getenv(spank, full, variable_bytes, sizeof variable_bytes);
  if (err == ESPANK_ENV_NOEXIST) return nullptr;
  if (err != ESPANK_SUCCESS) refuse(spank, "read %s: %s", full, spank_strerror(err));
  return variable_bytes;
}

void add_variable(spank_t spank, MessageWriter* request, const char* name, const char* variable) {
  const char* value = published(spank, variable);
  if (value != nullptr && value[0] != '\0') request->add(name, value);
}

void add_pod(spank_t spank, MessageWriter* request, uint32_t step) {
  char pod[64];
  const uint32_t job = item(spank, S_JOB_ID);
  const uint32_t node = item(spank, S_JOB_NODEID);
  if (step == kBatchStep || step == kInteractiveStep) {
    snprintf(pod, sizeof pod, "%u.%s.%u", job, step == kBatchStep ? "batch" : "interactive", node);
  } else {
    snprintf(pod, sizeof pod, "%u.%u.%u", job, step, node);
  }
  request->add(name::kPod, pod);
  char count[16];
  const uint32_t local = item(spank, S_JOB_LOCAL_TASK_COUNT);
  snprintf(count, sizeof count, "%u", local > 0 ? local : 1);
  request->add(name::kLocalRanks, count);
}

// Where the PMIx client library looks for its server: slurmd's spool directory, and a directory of the step
// in /tmp (pmixp_info.c, 22.05).
void add_pmi_directories(spank_t spank, MessageWriter* request, uint32_t step) {
  const char* server = job_variable(spank, "PMIX_SERVER_TMPDIR");
  if (server[0] != '/') return;
  request->add(name::kPmiDir, server);
  char path[PATH_MAX];
  const char* top = job_variable(spank, "PMIX_SYSTEM_TMPDIR");
  snprintf(path, sizeof path, "%s/spmix_appdir_%u_%u.%u", top[0] == '/' ? top : "/tmp", geteuid(),
           item(spank, S_JOB_ID), step);
  request->add(name::kPmiDir, path);
}

void add_batch_script(spank_t spank, MessageWriter* request) {
  int argc = 0;
  char** argv = nullptr;
  if (spank_get_item(spank, S_JOB_ARGV, &argc, &argv) == ESPANK_SUCCESS && argc > 0 && argv[0][0] == '/')
    request->add(name::kScript, argv[0]);
}

RankEnvironment environment_of(spank_t spank) {
  return {[](void* context, const char* name) { return job_variable(static_cast<spank_t>(context), name); },
          [](void* context, const char* name, const char* value) {
            return spank_setenv(static_cast<spank_t>(context), name, value, 1) == ESPANK_SUCCESS;
          },
          spank};
}

void build_request(spank_t spank, MessageWriter* request, uint32_t step) {
  add_pod(spank, request, step);
  for (const Published& one : kPublished)
    if (one.request_name != nullptr) add_variable(spank, request, one.request_name, one.variable);
  char cwd[PATH_MAX];
  if (getcwd(cwd, sizeof cwd) != nullptr && cwd[0] == '/') request->add(name::kSubmitDir, cwd);
  add_seat_wishes(environment_of(spank), request);
  add_pmi_directories(spank, request, step);
  if (step == kBatchStep) add_batch_script(spank, request);
  for (const char* variable : name::kLocaleVariables) {
    const char* value = job_variable(spank, variable);
    char entry[256];  // no name of a locale is longer
    const int bytes = snprintf(entry, sizeof entry, "%s=%s", variable, value);
    if (value[0] != '\0' && static_cast<size_t>(bytes) < sizeof entry) request->add(name::kLocale, entry);
  }
  const char* shell = job_variable(spank, "SHELL");
  if (shell[0] == '/') request->add(name::kShell, shell);
  const char* slurm_conf = getenv("SLURM_CONF");  // slurmd's, not the job's
  if (slurm_conf != nullptr && slurm_conf[0] == '/') request->add(name::kSlurmConf, slurm_conf);
}

char** job_environment(spank_t spank) {
  static char* none[] = {nullptr};
  char** env = nullptr;
  return spank_get_item(spank, S_JOB_ENV, &env) == ESPANK_SUCCESS && env != nullptr ? env : none;
}

// Slurm or another plugin has set it here, for this rank: then it is the rank's own, whatever the image says.
bool was_set_on_node(spank_t spank, const char* name) {
  const size_t bytes = strlen(name);
  for (char** env = job_environment(spank); *env != nullptr; ++env) {
    if (strncmp(*env, name, bytes) != 0 || (*env)[bytes] != '=') continue;
    const uint64_t hash = hash_text(kHashStart, *env);
    for (size_t i = 0; i < sent_count; ++i)
      if (sent_entries[i] == hash) return false;
    return sent_count < sizeof sent_entries / sizeof sent_entries[0];
  }
  return false;
}

void unset_variables(spank_t spank, MessageReader reply) {
  static char value[kMessageBytes];
  while (const char* entry = reply.next(name::kUnset)) {
    const char* equals = strchr(entry, '=');
    if (equals == nullptr) continue;
    snprintf(variable_bytes, sizeof variable_bytes, "%.*s", static_cast<int>(equals - entry), entry);
    if (spank_getenv(spank, variable_bytes, value, sizeof value) == ESPANK_SUCCESS &&
        strcmp(value, equals + 1) == 0)
      spank_unsetenv(spank, variable_bytes);
  }
}

// What the image defines; stage0 left out what is always the rank's own.
void apply_environment(spank_t spank, MessageReader reply, const char* which, int overwrite) {
  while (const char* entry = reply.next(which)) {
    const char* equals = strchr(entry, '=');
    if (equals == nullptr) continue;
    snprintf(variable_bytes, sizeof variable_bytes, "%.*s", static_cast<int>(equals - entry), entry);
    if (overwrite != 0 && was_set_on_node(spank, variable_bytes)) continue;
    const spank_err_t err = spank_setenv(spank, variable_bytes, equals + 1, overwrite);
    if (err != ESPANK_SUCCESS && err != ESPANK_ENV_EXISTS)
      refuse(spank, "set %s: %s", variable_bytes, spank_strerror(err));
  }
}

// slurmstepd would end with 2 and without our name. A TaskProlog of the site may change PATH after this, so
// then it is left to slurmstepd.
void look_for_command(spank_t spank) {
  const bool plain = job_variable(spank, kCommandVariable)[0] == '1' && !site_has_task_prolog();
  int argc = 0;
  char** argv = nullptr;
  if (!plain || spank_get_item(spank, S_JOB_ARGV, &argc, &argv) != ESPANK_SUCCESS || argc < 1) return;
  const size_t bytes = strlen(argv[0]);
  if (bytes == 0 || argv[0][bytes - 1] == '/') return;  // --bcast into a directory: slurmstepd adds the name
  const int code = find_command(argv[0], job_variable(spank, "PATH"));
  if (code == 0) return;
  refusal_code = code;
  refuse(spank, "command '%s' in the container: %s; PATH there is %s", argv[0], strerror(errno),
         variable_bytes);
}

// A batch script or an interactive shell starts steps, which inherit the request. A rank does not.
void forget_request(spank_t spank) {
  for (;;) {
    char** env = job_environment(spank);
    while (*env != nullptr && strncmp(*env, kPublishedPrefix, sizeof kPublishedPrefix - 1) != 0) ++env;
    if (*env == nullptr) return;
    snprintf(variable_bytes, sizeof variable_bytes, "%.*s", static_cast<int>(strcspn(*env, "=")), *env);
    if (spank_unsetenv(spank, variable_bytes) != ESPANK_SUCCESS) return;  // which moves the rest
  }
}

}  // namespace

static bool native_image_was_asked_for(spank_t spank) {
  const char* image = job_variable(spank, "SLURM_CONTAINER");
  return image[0] != '\0' && strcmp(image, "none") != 0;
}

// No image for this rank, though one may have been asked for: right where its component was answered so.
static void check_host_is_meant(spank_t spank, const PluginArguments& arguments, bool answered) {
  const bool several = job_variable(spank, kComponentsVariable)[0] != '\0';
  const bool native = arguments.takes_native_container && native_image_was_asked_for(spank);
  if (several ? !answered : image_was_asked_for() || native)
    refuse(spank,
           "an image was asked for, but the submitting command did not hand it over; is the same release of "
           "spank_sabot.so configured where the job was submitted?");
}

void note_environment(spank_t spank) {
  sent_count = 0;
  for (char** env = job_environment(spank);
       *env != nullptr && sent_count < sizeof sent_entries / sizeof sent_entries[0]; ++env)
    sent_entries[sent_count++] = hash_text(kHashStart, *env);
}

void make_rendezvous(spank_t spank) {
  char first[2];  // whether there is a value, not which: nothing of a user's is looked at as root
  if (spank_getenv(spank, kComponentVariable, first, sizeof first) == ESPANK_ENV_NOEXIST) {
    const spank_err_t err = spank_getenv(spank, kImageVariable, first, sizeof first);
    if (err == ESPANK_ENV_NOEXIST || (err == ESPANK_SUCCESS && first[0] == '\0')) return;
  }
  open_rendezvous(&place);
}

void count_forked_rank(spank_t spank) {
  if (place.ranks_end >= 0 && ++forked_ranks >= item(spank, S_JOB_LOCAL_TASK_COUNT)) close_keeper_end(&place);
}

void count_ended_rank() {
  if (place.ranks_end >= 0 && ++ended_ranks >= forked_ranks) await_keepers_end(&place, kKeeperEndsMs);
}

void become_rank(spank_t spank, const PluginArguments& arguments) {
  const uint32_t step = item(spank, S_JOB_STEPID);
  if (step == kExternStep) return;
  const bool starts_steps = step == kBatchStep || step == kInteractiveStep;
  const char* image = published(spank, kImageVariable);
  if (image == nullptr || image[0] == '\0') {
    check_host_is_meant(spank, arguments, image != nullptr);
    if (!starts_steps) forget_request(spank);
    return;
  }
  MessageWriter request(request_bytes, sizeof request_bytes, MessageKind::request);
  build_request(spank, &request, step);
  if (place.ranks_end < 0) refuse(spank, "no socket for the pod could be made when the step began");
  char stage0[kStage0Bytes];
  snprintf(stage0, sizeof stage0, "%s/%s", arguments.libexec_dir, SABOT_STAGE0_FROM_LIBEXEC);
  const EntryPlan plan = {stage0, arguments.config_file, arguments.timeout_s * 1000};
  MessageReader reply = {};
  int ns_fds[kNamespaceFds];
  FailureText why;
  if (!ask_for_pod(plan, &place, request, reply_bytes, &reply, ns_fds, &why)) refuse(spank, "%s", why.text);
  const bool privileged = strcmp(reply.first(name::kPrivileged, "0"), "1") == 0;
  if (!enter_pod(ns_fds, reply.first(name::kWorkdirReply, "/"), privileged, &why))
    refuse(spank, "%s", why.text);
  unset_variables(spank, reply);
  apply_environment(spank, reply, name::kEnv, 1);
  apply_environment(spank, reply, name::kDefaultEnv, 0);
  if (!take_seat(environment_of(spank), reply, &why)) refuse(spank, "%s", why.text);
  if (starts_steps) return;
  look_for_command(spank);
  forget_request(spank);
}

}  // namespace sabot
