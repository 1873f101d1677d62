// SPDX-License-Identifier: Apache-2.0
// process_identity.h: a process as a word that others on this host can check, and others elsewhere cannot.
// Instead of a lock on a file: a lock is no answer on file systems that have none, or forget them.
#pragma once

#include <string>
#include <string_view>

namespace sabot::images {

/// `BOOT.NS.PID.START`: boot id, pid namespace, pid, start time in it. Empty where /proc does not tell.
std::string own_identity();

enum class Liveness { alive, dead, elsewhere };

/// What has become of `identity`: `elsewhere` for one of another host, another boot, another pid namespace,
/// and for what is none.
Liveness liveness_of(std::string_view identity);

}  // namespace sabot::images
