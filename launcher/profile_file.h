// SPDX-License-Identifier: Apache-2.0
// profile_file.h: the file that holds an image's start profile, one per image and user.
// Not here: what is in it (stage1-hpc/fs/start_profile.h); stage0 only opens it.
#pragma once

#include <string>

#include "sys/unique_fd.h"

namespace sabot {

/// The profile of `image` (as in a request: sha256:HEX, or a path that is open as `image_fd`): a file of the
/// folder `profiles` of `store` where that is the caller's own, else of ~/.cache/sabot. Of all nodes of a
/// step, `pod` names one that may write it; that file is open for writing, and locked until the last
/// descriptor of it is closed. Elsewhere, and where another run has it, it is open for reading. Invalid where
/// there can be none; that is no mistake.
UniqueFd open_profile(const std::string& store, const std::string& image, int image_fd,
                      const std::string& pod) noexcept;

}  // namespace sabot
