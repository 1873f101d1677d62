// SPDX-License-Identifier: Apache-2.0
// hand_over.h: giving a pod to the program that builds it: bytes in a pipe, descriptors at their numbers.
// Not here: which numbers (stage1-hpc/stage0_abi.h).
#pragma once

#include <string>

#include "sys/unique_fd.h"

namespace sabot {

/// A pipe that holds `bytes`, at most kManifestBytes; not a file in memory, which `ulimit -f` would limit.
UniqueFd filled_pipe(const std::string& bytes);

/// `fd` at `number`, and open across exec.
void place(int fd, int number);

}  // namespace sabot
