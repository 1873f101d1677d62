// SPDX-License-Identifier: Apache-2.0
// client.cc: the plugin in srun, sbatch and salloc, as the user: find out whether an image is asked for, let
// `sabot resolve` check the request before an allocation is used, and publish its answer for the nodes.
// Not here: the meaning of any option.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugin.h"

extern char** environ;

namespace sabot {
namespace {

constexpr size_t kAnswerBytes = 128 * 1024;
char answer[kAnswerBytes];
char native_argument[kOptionBytes];
char option_arguments[kOptionCount][kOptionBytes + 64];

// The value of Slurm's own --container. In srun the options of each component of a heterogeneous step are in
// `opt`; both symbols are exported for plugins of Slurm's own (22.05.8 and 25.11.7: run). Else what the
// command itself exported after parsing; forget_stale_container has made sure it is this command's.
const char* native_container(bool in_srun) {
  using Get = char* (*)(void* options, const char* name);
  void* options = dlsym(RTLD_DEFAULT, "opt");
  Get get = nullptr;
  *reinterpret_cast<void**>(&get) = dlsym(RTLD_DEFAULT, "slurm_option_get");
  if (in_srun && options != nullptr && get != nullptr)
    return get(options, "container");  // lives as long as srun
  return getenv("SLURM_CONTAINER");
}

// From 23.02 on a step that carries a container record cannot use PMIx unless the site has an oci.conf: its
// directories are taken from a container's spool directory that does not exist (pmixp_info.c, _env_set). We
// have the value; without the record the step is an ordinary one.
void clear_native_container() {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 2, 0)
  using Reset = bool (*)(void* options, const char* name);
  void* options = dlsym(RTLD_DEFAULT, "opt");
  Reset reset = nullptr;
  *reinterpret_cast<void**>(&reset) = dlsym(RTLD_DEFAULT, "slurm_option_reset");
  if (options != nullptr && reset != nullptr) reset(options, "container");
#endif
}

bool is_set(const char* variable) {
  const char* value = getenv(variable);
  return value != nullptr && value[0] != '\0';
}

bool any_request(const char* native) {
  if (native != nullptr) return true;
  for (int i = 0; i < kOptionCount; ++i)
    if (option_value(static_cast<Option>(i)) != nullptr) return true;
  return is_set(kImageVariable) || is_set("SABOT_CONTAINER_IMAGE") || is_set("PYXIS_CONTAINER_IMAGE");
}

// sabot resolve's command line. Its arguments are `--name=value`, so that no value is taken for an option.
bool build_command(const PluginArguments& arguments, const char* native, bool in_srun, char* program,
                   char** argv) {
  snprintf(program, kStage0Bytes, "%s/%s", arguments.libexec_dir, SABOT_STAGE0_FROM_LIBEXEC);
  int count = 0;
  argv[count++] = const_cast<char*>("sabot");
  argv[count++] = const_cast<char*>("--config");
  argv[count++] = const_cast<char*>(arguments.config_file);
  argv[count++] = const_cast<char*>("resolve");
  argv[count++] = const_cast<char*>(in_srun ? "--for-step" : "--for-job");
  const char* image = option_value(Option::image);
  if ((native != nullptr && native[0] == '\0') || (image != nullptr && image[0] == '\0')) {
    // As in --container=$UNSET: an image was asked for, so it is not the host.
    slurm_error("sabot: --container: the image has no name; to run on the host write none");
    exit(2);
  }
  if (native != nullptr) {
    const int bytes = snprintf(native_argument, sizeof native_argument, "--container=%s", native);
    if (bytes < 0 || static_cast<size_t>(bytes) >= sizeof native_argument) {
      slurm_error("sabot: --container: longer than %zu bytes", sizeof native_argument);
      return false;
    }
    argv[count++] = native_argument;
  }
  for (int i = 0; i < kOptionCount; ++i) {
    const Option option = static_cast<Option>(i);
    const char* value = option_value(option);
    if (value == nullptr) continue;
    const bool is_switch = option_is_switch(option);
    snprintf(option_arguments[i], sizeof option_arguments[i], is_switch ? "--%s" : "--%s=%s",
             option_name(option), value);
    argv[count++] = option_arguments[i];
  }
  argv[count] = nullptr;
  return true;
}

// FNV-1a; never 0.
uint64_t fingerprint(char* const* argv) {
  uint64_t hash = 14695981039346656037ULL;
  for (; *argv != nullptr; ++argv)
    for (const char* c = *argv;; ++c) {
      hash = (hash ^ static_cast<unsigned char>(*c)) * 1099511628211ULL;
      if (*c == '\0') break;
    }
  return hash | 1;
}

// The components of a heterogeneous step are parsed one after the other into one environment, which all of
// them get. Until each can have its own, one that asks for something else than the first is refused, not
// ignored.
void require_same_as_first_component(uint64_t request) {
  static bool seen;
  static uint64_t first;
  if (seen && request != first) {
    slurm_error(
        "sabot: the components of a heterogeneous step ask for different images or container options; "
        "give all of them the same, or start one srun for each");
    exit(2);
  }
  seen = true;
  first = request;
}

// Everything `fd` has to say; false when it is more than fits.
bool read_answer(int fd) {
  size_t used = 0;
  for (;;) {
    const ssize_t got = read(fd, answer + used, sizeof answer - 1 - used);
    if (got == -1 && errno == EINTR) continue;
    if (got <= 0) break;
    used += static_cast<size_t>(got);
    if (used == sizeof answer - 1) return false;
  }
  answer[used] = '\0';
  return true;
}

// Run it with its messages on our standard error and its answer in `answer`. Returns its exit code, -1 when
// it could not be started, was killed, or said more than fits; then it is said here why.
int run_resolve(const char* program, char** argv) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) == -1) return -1;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  pid_t child = -1;
  const int err = posix_spawn(&child, program, &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (err != 0) slurm_error("sabot: start %s: %s; is Sabot installed on this host?", program, strerror(err));
  const bool complete = err == 0 && read_answer(ends[0]);
  close(ends[0]);
  if (err != 0) return -1;
  int status = 0;
  while (waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  if (complete && WIFEXITED(status)) return WEXITSTATUS(status);
  if (!complete)
    slurm_error("sabot: the container options, their paths made whole, are longer than %zu bytes",
                kAnswerBytes);
  else
    slurm_error("sabot: %s was killed by signal %d", program, WTERMSIG(status));
  return -1;
}

// Lines NAME=VALUE; only our own names are taken over.
void publish_answer() {
  char* rest = nullptr;
  for (char* line = strtok_r(answer, "\n", &rest); line != nullptr; line = strtok_r(nullptr, "\n", &rest)) {
    char* equals = strchr(line, '=');
    if (equals == nullptr || strncmp(line, kPublishedPrefix, sizeof kPublishedPrefix - 1) != 0) continue;
    *equals = '\0';
    setenv(line, equals + 1, 1);
  }
}

}  // namespace

void forget_stale_container() { unsetenv("SLURM_CONTAINER"); }

void forget_inherited_options() {
  const char* origin = getenv(kOriginVariable);
  if (origin == nullptr || strcmp(origin, "job") != 0) return;
  for (int i = 0; i < kOptionCount; ++i) {
    char variable[128] = "SLURM_SPANK__SLURM_SPANK_OPTION_sabot_";  // spank.c: spank_process_env_options
    char* at = variable + strlen(variable);
    for (const char* c = option_name(static_cast<Option>(i)); *c != '\0'; ++c) *at++ = *c == '-' ? '_' : *c;
    unsetenv(variable);
  }
}

bool resolve_request(spank_t, const PluginArguments& arguments) {
  const bool in_srun = spank_context() == S_CTX_LOCAL;
  const char* native = arguments.takes_native_container ? native_container(in_srun) : nullptr;
  const bool requested = any_request(native);
  if (!requested) require_same_as_first_component(0);
  if (!requested) return true;
  char program[kStage0Bytes];
  char* argv[8 + kOptionCount];
  if (!build_command(arguments, native, in_srun, program, argv)) return false;
  require_same_as_first_component(fingerprint(argv));
  const int code = run_resolve(program, argv);
  if (code != 0)
    exit(code > 0 ? code : 125);  // it has said why in one line; Slurm would add three of its own
  publish_answer();
  if (in_srun && native != nullptr) clear_native_container();
  return true;
}

}  // namespace sabot
