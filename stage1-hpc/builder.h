// SPDX-License-Identifier: Apache-2.0
// builder.h: the short-lived child of the keeper that mounts the pod's tree and makes it the root.
#pragma once

#include <sys/types.h>

#include <vector>

#include "manifest.h"
#include "mount_plan.h"
#include "sys/unique_fd.h"

namespace sabot {

/// What the pod's root is made of: an image that the keeper serves, or a directory of the host.
struct PodImage {
  int fuse_device = -1;  ///< the device the keeper serves, opened in this user namespace; borrowed
  int directory = -1;    ///< borrowed
  std::vector<ImageTree::Addition> additions;  ///< what the directory lacks
};

/// The whole, in this process, which must be in the pod's user namespace and have one thread: new namespaces,
/// every mount, pivot. Returns the mount namespace, then the others that the pod asked for. `channel`: where
/// to say that the image has its mount; not used for a directory. Throws; then the process is good for
/// nothing.
std::vector<UniqueFd> build_tree(const PodManifest& pod, const MountPlan& plan, const PodImage& image,
                                 int channel);

/// Fork the builder. It begins at once.
/// Call before any thread starts. The result hears from the builder.
class Builder {
 public:
  Builder(const PodManifest& pod, const MountPlan& plan, const PodImage& image);
  ~Builder();  ///< reaps it
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;

  /// Wait until the image has its mount: from then on, and not before, the device can be served.
  void await_image();
  /// Wait until it is done. Returns the pod's mount namespace, then the others that it asked for.
  /// `image_ended` becomes readable when nobody serves the image any more. Both throw Refused, or with the
  /// builder's own words.
  std::vector<UniqueFd> namespaces(int image_ended);

 private:
  void reap() noexcept;
  UniqueFd channel_;
  pid_t child_ = -1;
};

}  // namespace sabot
