// SPDX-License-Identifier: Apache-2.0
// client.cc: the plugin in srun, sbatch and salloc, as the user: find out whether an image is asked for, let
// `sabot resolve` check the request before an allocation is used, and publish its answer for the nodes.
// Not here: the meaning of any option.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
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

char answer[kAnswerBytes];
char native_argument[kOptionBytes + 64];
char option_arguments[kOptionCount][kOptionBytes + 64];

// The value of Slurm's own --container, given for this component or one before it, if `now` says nothing
// else. Outside of srun what the command exported after parsing; forget_stale_container has made sure it is
// this command's.
const char* native_container(bool in_srun) {
  return in_srun && slurm_options_are_known() ? slurm_option("container") : getenv("SLURM_CONTAINER");
}

// From 23.02 on a step that carries a container record cannot use PMIx unless the site has an oci.conf: its
// directories are taken from a container's spool directory that does not exist (pmixp_info.c, _env_set). We
// have the value; without the record the step is an ordinary one.
void clear_native_container() {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 2, 0)
  clear_slurm_option("container");
#endif
}

// A component of a heterogeneous step begins with what the one before it was given, as with Slurm's own
// options, unless it names an image of its own: then it takes over nothing. Returns its --container.
const char* take_over_from_earlier(const char* native) {
  static char shown[kOptionBytes];  // srun 22.05 hands its --container on to the next component
  static bool any_shown;
  static bool taken_over;  // what is in `shown`
  const bool own_native = native != nullptr && (!any_shown || strcmp(native, shown) != 0);
  const bool own_image = option_is_of_component(Option::image);
  if (own_native || own_image)
    keep_no_earlier_option();
  else
    keep_earlier_options();
  if (own_native) {
    snprintf(shown, sizeof shown, "%s", native);
    any_shown = true;
  }
  taken_over = own_native || (taken_over && !own_image);
  return taken_over ? shown : nullptr;
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
void build_command(const PluginArguments& arguments, const char* native, bool in_srun, char* program,
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
    snprintf(native_argument, sizeof native_argument, "--container=%s", native);
    argv[count++] = native_argument;
  }
  for (int i = 0; i < kOptionCount; ++i) {
    const Option option = static_cast<Option>(i);
    const char* value = option_value(option);
    if (value == nullptr) continue;
    if (option == Option::explain) value = strcmp(value, "1") == 0 ? "text" : value;
    const bool is_switch = option_is_switch(option);
    snprintf(option_arguments[i], sizeof option_arguments[i], is_switch ? "--%s" : "--%s=%s",
             option == Option::explain ? "explain" : option_name(option), value);
    argv[count++] = option_arguments[i];
  }
  argv[count] = nullptr;
}

// Never 0.
uint64_t fingerprint(char* const* argv) {
  uint64_t hash = kHashStart;
  for (; *argv != nullptr; ++argv) hash = hash_text(hash, *argv);
  return hash | 1;
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

[[noreturn]] __attribute__((format(printf, 1, 2))) void refuse(const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  slurm_error("sabot: %s", text);
  exit(2);
}

void refuse_what_is_too_long(const char* native) {
  for (int i = 0; i < kOptionCount; ++i)
    if (option_is_too_long(static_cast<Option>(i)))
      refuse("--%s: longer than %zu bytes", option_name(static_cast<Option>(i)), kOptionBytes - 1);
  if (native != nullptr && strlen(native) >= kOptionBytes)
    refuse("--container: longer than %zu bytes", kOptionBytes - 1);
}

// Slurm starts the program of --task-prolog once the rank is in its pod. A relative one is meant relative to
// the rank's working directory, where it is seen or not.
const char* task_prolog(bool in_srun) {
  const char* program = in_srun ? slurm_option("task-prolog") : nullptr;
  return program == nullptr || program[0] != '/' || strchr(program, '\n') != nullptr ? "" : program;
}

void answer_task_prolog(const char* program) {
  const size_t used = strlen(answer);
  snprintf(answer + used, sizeof answer - used, "%s=%s\n", kTaskPrologVariable, program);
}

// In srun each component has its own answer. A job's steps read theirs from the environment of its first
// component alone: sbatch copies it before it has read the second (sbatch.c, main).
void publish_answer(bool in_srun, int component, bool as_the_first) {
  if (!in_srun && component > 0 && !as_the_first)
    refuse(
        "the components of a heterogeneous job ask for different images or container options, which its "
        "steps "
        "cannot inherit; give them to srun, as in srun --het-group=0 --container-image=A a : --het-group=1 "
        "--container-image=B b");
  if (!publish_component(component, answer, as_the_first))
    refuse(
        "this srun cannot give the components of a heterogeneous step different images; start one srun for "
        "each");
}

// The step may look for the command itself: its ranks all run argv[0], and no prolog changes their PATH.
void publish_command() {
  static bool plain = true;  // in all components so far: they share what is published here
  const char* multi = slurm_option("multi-prog");
  plain = plain && multi != nullptr && strcmp(multi, "unset") == 0 && slurm_option("task-prolog") == nullptr;
  if (is_set(kImageVariable)) setenv(kCommandVariable, plain ? "1" : "", 1);
}

}  // namespace

// What `sabot resolve` has used is not for the job, whose environment slurmctld keeps and nodes see.
static void forget_registry_secrets() {
  unsetenv("SABOT_REGISTRY_USERNAME");
  unsetenv("SABOT_REGISTRY_PASSWORD");
}

void forget_stale_container() { unsetenv("SLURM_CONTAINER"); }

void forget_inherited_options() {
  const char* origin = getenv(kOriginVariable);
  if (origin == nullptr || strcmp(origin, "job") != 0) return;
  for (int i = 0; i < kOptionCount; ++i) forget_variable_of(static_cast<Option>(i));
}

bool resolve_request(spank_t, const PluginArguments& arguments) {
  static int component = -1;
  static uint64_t first_request;  // 0: the first component asked for nothing
  const bool in_srun = spank_context() == S_CTX_LOCAL;
  if (!begin_component(++component))
    refuse("the variables SLURM_SABOT_* of the job are longer than %zu bytes", kAnswerBytes);
  const char* now = arguments.takes_native_container ? native_container(in_srun) : nullptr;
  refuse_what_is_too_long(now);
  const char* native = take_over_from_earlier(now);
  char program[kStage0Bytes];
  char* argv[8 + kOptionCount];
  const char* prolog = task_prolog(in_srun);
  uint64_t request = 0;
  answer[0] = '\0';
  if (any_request(native)) {
    build_command(arguments, native, in_srun, program, argv);
    char* const prolog_words[] = {const_cast<char*>(prolog), nullptr};
    request = (fingerprint(argv) ^ fingerprint(prolog_words)) | 1;
  }
  if (component == 0) first_request = request;
  const bool as_the_first = component > 0 && request == first_request;
  if (request != 0 && !as_the_first) {
    const int code = run_resolve(program, argv);
    if (code != 0)
      exit(code > 0 ? code : 125);  // it has said why in one line; Slurm would add three of its own
    if (option_value(Option::explain) != nullptr) {
      fputs(answer, stdout);  // and no allocation is used
      exit(0);
    }
    answer_task_prolog(prolog);
  }
  publish_answer(in_srun, component, as_the_first);
  forget_registry_secrets();
  if (in_srun) publish_command();
  if (in_srun && native != nullptr) clear_native_container();
  begin_options_of_component();
  return true;
}

}  // namespace sabot
