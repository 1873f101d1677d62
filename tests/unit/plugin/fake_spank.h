// SPDX-License-Identifier: Apache-2.0
// fake_spank.h: a Slurm for one plugin: what slurmstepd and srun answer it, and what it said to them.
// It answers as Slurm 22.05 does, where it matters here: spank_getenv() fails with ESPANK_NOSPACE for a value
// that does not fit. The plugin keeps state, so a test lets it live in a child (scenario.h).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "plugin.h"

namespace sabot::test {

struct FakeHost {
  spank_context_t context = S_CTX_REMOTE;
  std::map<std::string, std::string> job_env;  // spank_getenv and its like
  std::map<spank_item_t, std::uint32_t> items = {{S_JOB_ID, 42},
                                                 {S_JOB_STEPID, 0},
                                                 {S_JOB_NODEID, 1},
                                                 {S_JOB_LOCAL_TASK_COUNT, 2},
                                                 {S_TASK_GLOBAL_ID, 5}};
  std::vector<std::string> job_argv;
  std::map<std::string, spank_err_t> getenv_fails;  // by name of the variable
  bool refuse_options = false;
  bool refuse_setenv = false;
  const char* native_container = nullptr;           // what srun's own option table has
  std::map<std::string, std::string> srun_options;  // and of others
  bool refuse_slurm_option = false;

  std::vector<spank_option> options;  // registered
  std::string log;                    // slurm_error's, one per line
  int calls = 0;                      // of anything of Slurm's
};

FakeHost& host();

}  // namespace sabot::test
