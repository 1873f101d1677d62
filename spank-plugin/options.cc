// SPDX-License-Identifier: Apache-2.0
// options.cc: the options that srun, sbatch and salloc learn, and the arguments of plugstack.conf, as rows.
// Not here: what they mean (`sabot resolve`); the plugin parses nothing of a user's.
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

namespace sabot {
namespace {

struct Row {
  Option option;
  const char* name;
  const char* arg;  // null: a switch
  const char* help;
};
constexpr Row kRows[kOptionCount] = {
    {Option::image, "container-image", "IMAGE", "run the ranks inside this image (as --container does)"},
    {Option::mounts, "container-mounts", "SRC[:DST[:FLAGS]],...",
     "bind host paths into the container; read-write unless :ro"},
    {Option::workdir, "container-workdir", "DIR", "working directory inside the container"},
    {Option::env, "container-env", "NAME,...", "variables whose value is the job's, whatever the image says"},
    {Option::unshare, "container-unshare", "NAME,...", "namespaces of the step's own: net, ipc, uts"},
    {Option::pin, "container-pin", "auto|none|core|l3|numa|socket|gpu",
     "what ranks that Slurm did not bind are pinned to"},
    {Option::pull, "container-pull", "POLICY", "when to ask a registry: new (default), update or never"},
    {Option::writable, "container-writable", nullptr, "let ranks write everywhere; it goes with the step"},
    {Option::readonly, "container-readonly", nullptr, "the image cannot be written (default)"},
    {Option::mount_home, "container-mount-home", nullptr, "bind the home directory"},
    {Option::no_mount_home, "no-container-mount-home", nullptr, "do not bind the home directory (default)"},
    {Option::remap_root, "container-remap-root", nullptr,
     "be root inside, with privileges over the pod alone"},
    {Option::no_remap_root, "no-container-remap-root", nullptr, "be oneself inside (default)"},
    {Option::explain, "container-explain", "[json]",
     "print what a launch would do, and why, and launch nothing"},
};
constexpr Option kOpposites[][2] = {{Option::writable, Option::readonly},
                                    {Option::mount_home, Option::no_mount_home},
                                    {Option::remap_root, Option::no_remap_root}};

char values[kOptionCount][kOptionBytes];
enum class Given : unsigned char { no, earlier, now };  // earlier: for a component before this one
Given given[kOptionCount];
bool too_long[kOptionCount];
bool image_asked;
bool later_component;

const Row* row_of(int val) { return val >= 0 && val < kOptionCount ? &kRows[val] : nullptr; }

// In slurmstepd this runs as root, on bytes that srun never checked if the sender chose so: one comparison,
// one bit.
int remember_in_step(const Row& row, const char* value) {
  if (row.option == Option::image) image_asked = value == nullptr || strcmp(value, "none") != 0;
  return 0;
}

// The last one wins, as with Slurm's own options: an environment variable comes first, then the command line.
// But sbatch reads `#SBATCH` before the environment, and puts the options of a component into it
// (_set_spank_env), where they would hide those that the script gives the next.
int remember_in_client(const Row& row, const char* value) {
  if (later_component) forget_variable_of(row.option);
  const int index = static_cast<int>(row.option);
  if (value == nullptr) value = "1";
  const size_t bytes = strlen(value) + 1;
  too_long[index] = bytes > kOptionBytes;
  if (!too_long[index]) memcpy(values[index], value, bytes);
  given[index] = Given::now;
  return 0;
}

int remember(int val, const char* value, int remote) {
  const Row* row = row_of(val);
  if (row == nullptr) return -1;
  return remote != 0 ? remember_in_step(*row, value) : remember_in_client(*row, value);
}

bool copy_path(char into[PATH_MAX], const char* value) {
  const size_t bytes = strlen(value) + 1;
  if (value[0] != '/' || bytes > PATH_MAX - 64) return false;  // 64: the names that are put behind it
  memcpy(into, value, bytes);
  return true;
}

// The value of `NAME=value`, or null.
const char* value_of(const char* argument, const char* name) {
  const size_t bytes = strlen(name);
  return strncmp(argument, name, bytes) == 0 && argument[bytes] == '=' ? argument + bytes + 1 : nullptr;
}

bool read_argument(const char* argument, PluginArguments* into) {
  if (const char* libexec = value_of(argument, "libexec")) return copy_path(into->libexec_dir, libexec);
  if (const char* config = value_of(argument, "config")) return copy_path(into->config_file, config);
  if (const char* container = value_of(argument, "container")) {
    into->takes_native_container = strcmp(container, "no") != 0;
    return strcmp(container, "no") == 0 || strcmp(container, "yes") == 0;
  }
  if (const char* timeout = value_of(argument, "timeout")) {
    char* end = nullptr;
    const long seconds = strtol(timeout, &end, 10);
    if (end == timeout || *end != '\0' || seconds <= 0 || seconds > 3600) return false;
    into->timeout_s = static_cast<int>(seconds);
    return true;
  }
  return false;
}

}  // namespace

bool register_options(spank_t spank) {
  for (const Row& row : kRows) {
    spank_option option = {};
    option.name = const_cast<char*>(row.name);
    option.arginfo = const_cast<char*>(row.arg);
    option.usage = const_cast<char*>(row.help);
    option.has_arg = row.arg == nullptr ? 0 : row.arg[0] == '[' ? 2 : 1;
    option.val = static_cast<int>(row.option);
    option.cb = remember;
    if (spank_option_register(spank, &option) != ESPANK_SUCCESS) return false;
  }
  return true;
}

const char* option_value(Option option) {
  const int index = static_cast<int>(option);
  return given[index] != Given::no ? values[index] : nullptr;
}

bool option_is_too_long(Option option) { return too_long[static_cast<int>(option)]; }

void forget_variable_of(Option option) {
  char variable[128] = "SLURM_SPANK__SLURM_SPANK_OPTION_sabot_";  // spank.c: spank_process_env_options
  char* at = variable + strlen(variable);
  for (const char* c = option_name(option); *c != '\0'; ++c) *at++ = *c == '-' ? '_' : *c;
  unsetenv(variable);
}

void begin_options_of_component() {
  later_component = true;
  for (Given& one : given)
    if (one == Given::now) one = Given::earlier;
}

bool option_is_of_component(Option option) { return given[static_cast<int>(option)] == Given::now; }

void keep_no_earlier_option() {
  for (Given& one : given)
    if (one == Given::earlier) one = Given::no;
}

void keep_earlier_options() {
  for (const auto& pair : kOpposites)
    for (int side = 0; side < 2; ++side) {
      Given& other = given[static_cast<int>(pair[1 - side])];
      if (option_is_of_component(pair[side]) && other == Given::earlier) other = Given::no;
    }
}

const char* option_name(Option option) { return kRows[static_cast<int>(option)].name; }

bool option_is_switch(Option option) { return kRows[static_cast<int>(option)].arg == nullptr; }

bool image_was_asked_for() { return image_asked; }

bool read_arguments(int argc, char** argv, PluginArguments* arguments, const char** wrong) {
  *arguments = PluginArguments{SABOT_LIBEXEC_DIR, SABOT_CONFIG_FILE, 60, true};
  for (int i = 0; i < argc; ++i) {
    if (read_argument(argv[i], arguments)) continue;
    *wrong = argv[i];
    return false;
  }
  return true;
}

}  // namespace sabot
