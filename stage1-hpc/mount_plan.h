// SPDX-License-Identifier: Apache-2.0
// mount_plan.h: which of the manifest's mounts are made, and what their mount points stand on.
// Not here: making them (builder.h).
#pragma once

#include <string>
#include <vector>

#include "fs/image_tree.h"
#include "manifest.h"

namespace sabot {

/// What a mount point lies in: that decides who makes it where it is missing.
enum class Ground {
  image,  ///< the image: a synthetic entry, made before the image is mounted
  tmpfs,  ///< a tmpfs of this pod: the builder makes it there
  host,   ///< a bind of the host: it must exist, nothing is ever made in the host's directories
};

struct PlannedMount {
  Mount mount;
  Ground ground = Ground::image;
  bool directory = true;  ///< else the source is a file, and so is the mount point
};

struct MountPlan {
  std::vector<PlannedMount> mounts;
  std::string workdir;  ///< where ranks start
};

/// What mounts[index].target lies in, by the mounts before it.
Ground ground_of(const std::vector<PlannedMount>& earlier, const std::string& target);

/// Decide all of `pod`'s mounts and add the mount points and files that the image lacks to `tree`.
/// Looks at the host: whether sources exist and are directories. Throws Refused naming the mount, its source
/// and who asked for it.
MountPlan plan_mounts(const PodManifest& pod, ImageTree& tree);

/// Add `pod.lines` to the files of the image.
void add_lines(const PodManifest& pod, ImageTree& tree);

}  // namespace sabot
