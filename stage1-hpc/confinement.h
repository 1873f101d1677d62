// SPDX-License-Identifier: Apache-2.0
// confinement.h: what the keeper gives up before it looks at a stranger's image for its ranks: system calls
// it has no use for, every path, core dumps and large files. Defence in depth: who takes the keeper over by a
// crafted image has less than the user, not the user's account. Not here: capabilities (userns.h).
#pragma once

namespace sabot {

/// All of what follows, for this thread and those it will start; needs no_new_privs.What this kernel lacks
/// is left out, silently. In a build with sanitizers it does nothing, their runtime
/// needs more calls. Throws Error where the kernel has it and refuses.
void confine_keeper();

/// A seccomp filter with the allow list of confinement.cc. False where the kernel has none. Source:
/// seccomp(2).
bool filter_system_calls();

/// Landlock with no rule at all: no path can be opened, made, changed or executed, no TCP port reached.
/// Returns the ABI that the kernel has, 0 for none. Source: landlock(7).
int forbid_all_paths();

}  // namespace sabot
