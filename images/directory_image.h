// SPDX-License-Identifier: Apache-2.0
// directory_image.h: a directory of the host that is launched as it is, without being imported.
// Not here: importing one (directory_import.h), mounting it (stage1-hpc/directory_root.h).
#pragma once

#include <string>

#include "images/launch_config.h"
#include "sys/unique_fd.h"

namespace sabot::images {

/// Open the directory at `path`. Throws Refused where it is no root file system: it has none of the
/// directories bin, etc, lib, sbin and usr, nor a launch configuration of ours. Throws Error of the system.
UniqueFd open_root_directory(const std::string& path);

/// The launch configuration in `dir`, or an empty one where it has none. What is read lies below `dir`, or it
/// is refused. Throws Refused as parse_launch_config does, or for what is no regular file.
LaunchConfig read_directory_config(int dir);

}  // namespace sabot::images
