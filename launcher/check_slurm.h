// SPDX-License-Identifier: Apache-2.0
// check_slurm.h: whether Slurm's files on this node let Sabot's plugin do its work.
// Not here: the plugin (spank-plugin/), slurm.conf itself (slurm_conf.h). No Slurm library is used: its files
// are read, its release is asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check_report.h"

namespace sabot {

struct PlugstackLine {
  bool required = false;
  std::string plugin;  ///< as written: a path, or a file name in PluginDir
  std::vector<std::string> arguments;
};

/// One file of plugstack.conf: its plugins and the patterns it includes, in order. Source: spank(8); pure.
struct Plugstack {
  std::vector<PlugstackLine> lines;
  std::vector<std::string> includes;
};
Plugstack parse_plugstack(const std::string& text);

/// What is said about the plugin. `lines` of all files. Sets `ours` to Sabot's line, if there is one. Pure.
CheckStep judge_plugstack(const std::vector<PlugstackLine>& lines, const std::string& file,
                          std::optional<PlugstackLine>& ours);

/// Whether a plugin that was built for `plugin` may be loaded by `running`, both as in `22.05.8`. Pure.
CheckStep judge_release(const std::string& plugin, const std::string& running);

/// All steps for the Slurm whose configuration is `slurm_conf`; one that says so where it is empty.
std::vector<CheckStep> check_slurm(const std::string& slurm_conf);

}  // namespace sabot
