// SPDX-License-Identifier: Apache-2.0
// mount_flags.h: the flags of a mount, joined with `+` in --container-mounts, as rows: taken, holding anyway,
// or refused and why.
#pragma once

#include <optional>
#include <string>

#include "manifest.h"

namespace sabot {

/// Do what `flag` says to `mount`; of two that contradict each other the later one counts. Returns why it
/// cannot be had, naming the flag, or nothing.
/// Source  mount(8), and the names that Enroot gives its own (x-create=, x-detach)
std::optional<std::string> apply_flag(Mount& mount, const std::string& flag);

/// Flags that make a mount of this kind to `mount`.
std::string format_flags(const Mount& mount);

}  // namespace sabot
