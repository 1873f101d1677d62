// SPDX-License-Identifier: Apache-2.0
// directory_root.h: the root of a pod whose image is a directory of the host: a copy of its mounts,
// read-only, and what the pod needs beside it. No file system of ours, so no keeper has to stay. Not here:
// what is needed (mount_plan.h decides), the mounts upon it (builder.cc).
#pragma once

#include <vector>

#include "fs/image_tree.h"
#include "manifest.h"
#include "sys/unique_fd.h"

namespace sabot {

/// The directory that is the working directory of this process, as a mount attached in `scratch`, with
/// `additions` in place: a replaced file under a bind; what is new in a tmpfs upon the empty directory that
/// it lies in, else in an overlay's upper layer. For `pod.writable` in the overlay that is writable. Returns
/// the root. Call in the pod's mount namespace; the directory must have been made the working directory
/// outside, so that it is the host's. Throws Error naming the mount point; the text says what to do.
UniqueFd attach_directory(const PodManifest& pod, const std::vector<ImageTree::Addition>& additions,
                          int scratch);

}  // namespace sabot
