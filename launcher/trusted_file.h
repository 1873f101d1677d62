// SPDX-License-Identifier: Apache-2.0
// trusted_file.h: a file that tells the launcher what to do may be changed by root and the caller alone.
// Not here: what it says (site_config.h); the image store's directories (images/store_folders.h).
#pragma once

#include <string>

namespace sabot {

/// Throws Refused unless the open file `fd`, written as `name`, and every directory above the place where it
/// really is belong to root or the caller, and nobody else can write them. A sticky directory (/tmp) does:
/// what is in it is its owner's.
void require_trusted(int fd, const std::string& name);

}  // namespace sabot
