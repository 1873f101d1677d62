// SPDX-License-Identifier: Apache-2.0
// slurm_conf.h: what this node's slurm.conf says. No Slurm library is used: the file is read, as the user.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sabot {

inline constexpr std::size_t kSlurmConfBytes = 4 << 20;  ///< a larger file is not read

/// The slurm.conf of this node: $SLURM_CONF, /etc/slurm/slurm.conf, or what a configless node has. Empty:
/// none.
std::string find_slurm_conf();

/// The words of a line of Slurm's files, without its comment.
std::vector<std::string> slurm_words(const std::string& line);

/// The value of `key` in the text of a slurm.conf, or empty. Names are compared as Slurm does, in any case.
std::string slurm_setting(const std::string& text, const std::string& key);

/// The site's TaskProlog, which Slurm starts inside the pod: its absolute path, or empty where there is none,
/// or the file cannot be read; then Slurm says so. `Include` is followed once. Source: slurm.conf(5).
std::string task_prolog_of(const std::string& slurm_conf);

}  // namespace sabot
