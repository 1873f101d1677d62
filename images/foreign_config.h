// SPDX-License-Identifier: Apache-2.0
// foreign_config.h: how images of other tools, run as they are, want to be started: Enroot's squashfs files
// and Apptainer's. What is shell there is read as data: plain assignments count, nothing is ever evaluated
// here. Not here: our own configuration (launch_config.h), finding files in an image (squashfs_file.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "images/launch_config.h"

namespace sabot::images {

/// The content of a regular file of the image by its path from the root; none where there is no such file.
using FileReader = std::function<std::optional<std::string>(const char* path)>;

/// Enroot's, where /etc/rc is one that it wrote; Apptainer's, where there is a /.singularity.d; else empty.
/// Throws Refused where a file of theirs is larger than kScriptBytes.
LaunchConfig foreign_launch_config(const FileReader& read);

inline constexpr std::size_t kScriptBytes = 1 << 20;

/// Enroot: /etc/environment holds NAME=VALUE lines, and /etc/rc, made from the image's configuration, changes
/// into the working directory and execs the command. Entrypoint becomes `/bin/sh /etc/rc`. None where `rc` is
/// not Enroot's: an /etc/environment alone is PAM's.
std::optional<LaunchConfig> enroot_config(const std::string& rc, const std::string& environment);

/// Apptainer's scripts of /.singularity.d/env, in their order: `export NAME=WORD` and `NAME=WORD` lines whose
/// words are quoted or plain, with variables that are known by then. Lines that are more than that are left
/// out. Throws Refused for more than 4096 variables. Pure
std::vector<std::string> variables_of_scripts(const std::vector<std::string>& scripts);

}  // namespace sabot::images
