// SPDX-License-Identifier: Apache-2.0
// keeper.h: the process that serves a pod's image and lets ranks in; one per pod, gone with it.
#pragma once

#include "admissions.h"
#include "manifest.h"
#include "sys/unique_fd.h"

namespace sabot {

/// Build the pod and keep it until its last process is gone. Returns then. Throws when there is no pod; the
/// ranks in the queue have not been told.
/// `profile`   the image's start profile; may be invalid (fs/read_ahead.h)
void keep_pod(const PodManifest& pod, UniqueFd image, UniqueFd profile, Admissions& door);

}  // namespace sabot
