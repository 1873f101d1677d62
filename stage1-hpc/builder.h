// SPDX-License-Identifier: Apache-2.0
// builder.h: the short-lived child of the keeper that mounts the pod's tree and makes it the root.
#pragma once

#include <sys/types.h>

#include <vector>

#include "manifest.h"
#include "mount_plan.h"
#include "sys/unique_fd.h"

namespace sabot {

/// Fork the builder. It begins at once.
/// `fuse_device` is the device the keeper serves, opened in this user namespace; `pod_dir` the pod's
/// directory. Call before any thread starts. The result hears from the builder.
class Builder {
 public:
  Builder(const PodManifest& pod, const MountPlan& plan, int fuse_device);
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
