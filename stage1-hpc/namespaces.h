// SPDX-License-Identifier: Apache-2.0
// namespaces.h: the namespaces of a pod that are not always there: network, System V IPC and POSIX queues,
// host name. Not here: the user namespace (userns.h), the mount namespace (mounts.h), who enters them
// (rank_entry.h).
#pragma once

#include <vector>

#include "manifest.h"
#include "sys/unique_fd.h"

namespace sabot {

/// Move this (single-threaded) process into those that `pod` asks for; a new network has its loopback up and
/// nothing else. In the pod's user namespace, with its privileges. Throws Error; ENOSPC names the limit.
void enter_asked_namespaces(const PodManifest& pod);

/// Descriptors of this process's mount namespace and of those that `pod` asks for, in the order in which a
/// rank enters them. Needs /proc.
std::vector<UniqueFd> open_namespaces(const PodManifest& pod);

}  // namespace sabot
