// SPDX-License-Identifier: Apache-2.0
// fuse_mount.h: a FUSE device and its mount, as descriptors: nothing is attached anywhere.
// Not here: answering the device (fuse_server.h), attaching the mount (move_mount(2), the caller's).
#pragma once

#include <sys/types.h>

#include "sys/unique_fd.h"

namespace sabot {

/// Open /dev/fuse. The kernel binds it to the user namespace of the caller: open it where it will be mounted.
/// Throws Error; the text says what a site has to do when the device is missing or closed to users.
UniqueFd open_fuse_device();

/// A detached, read-only, nosuid, nodev mount that `fuse_device` answers; move_mount(2) attaches it. Returns
/// before the server runs; whoever looks inside waits for it.
/// `uid`, `gid`   the mount's owner; must be mapped in the caller's user namespace
/// Throws         Error naming the step that the kernel refused (kernel 5.14 or later is assumed)
UniqueFd make_fuse_mount(int fuse_device, uid_t uid, gid_t gid);

}  // namespace sabot
