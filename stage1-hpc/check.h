// SPDX-License-Identifier: Apache-2.0
// check.h: the kernel's side of `sabot check`: the steps of a launch, tried on this node as this user.
// Not here: configuration, store, Slurm, and how it is shown (launcher/check.cc).
#pragma once

namespace sabot {

/// Try each step of the launch in a child of its own, as the launch does it, after what stands before it.
/// Prints one line for each, `STEP \t RESULT \t DETAIL \t REMEDY`; the result is `ok`, `warning`, `failed`,
/// or `skipped` where an earlier step is in the way. Returns 0 when all lines were printed.
int check_node();

}  // namespace sabot
