// SPDX-License-Identifier: Apache-2.0
// slurm_options.cc: the options of srun, sbatch or salloc that are Slurm's own, read and changed as the
// command is about to use them. SPANK does not give them; libslurmfull exports functions by name for Slurm's
// own cli_filter plugins, and the commands their table `opt`, which in srun is that of the component just
// parsed (22.05.8 and 25.11.7: run; slurm_opt.h has the same three up to 26.05). Not here: our own
// (options.cc).
#include <dlfcn.h>

#include "plugin.h"

namespace sabot {
namespace {

template <class Function>
Function symbol(const char* name) {
  Function function = nullptr;
  *reinterpret_cast<void**>(&function) = dlsym(RTLD_DEFAULT, name);
  return function;
}

void* table() { return dlsym(RTLD_DEFAULT, "opt"); }

}  // namespace

bool slurm_options_are_known() {
  return table() != nullptr && dlsym(RTLD_DEFAULT, "slurm_option_get") != nullptr;
}

const char* slurm_option(const char* name) {
  const auto get = symbol<char* (*)(void*, const char*)>("slurm_option_get");
  return table() != nullptr && get != nullptr ? get(table(), name) : nullptr;
}

bool change_slurm_option(const char* name, const char* value) {
  const auto set = symbol<int (*)(void*, const char*, const char*, bool)>("slurm_option_set");
  return table() != nullptr && set != nullptr && set(table(), name, value, false) == 0;
}

void clear_slurm_option(const char* name) {
  const auto reset = symbol<bool (*)(void*, const char*)>("slurm_option_reset");
  if (table() != nullptr && reset != nullptr) reset(table(), name);
}

}  // namespace sabot
