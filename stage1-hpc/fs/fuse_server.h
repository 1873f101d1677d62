// SPDX-License-Identifier: Apache-2.0
// fuse_server.h: answers the kernel's FUSE requests from an ImageTree, until the mount is gone.
// Not here: making the mount (fuse_mount.h), what the tree contains (image_tree.h).
#pragma once

#include <memory>

#include "fs/image_tree.h"
#include "sys/unique_fd.h"

namespace sabot {

/// Whose the files are. In a pod no id but the caller's own is mapped, so all are the caller's, as if the
/// caller had unpacked the image.
struct Ownership {
  bool as_recorded = false;  // the image's own ids, and its trusted.* attributes
  uid_t uid = 0;             // else these
  gid_t gid = 0;
};

/// Serves one mount. Opens no path and holds none: descriptors and memory alone, so the host's tree may
/// change or vanish under it. Installs no signal handler.
class FuseServer {
 public:
  /// `fuse_device`   from open_fuse_device(); owned from here on, so make the mount with its number before
  /// `workers`       threads that answer; 0 chooses
  FuseServer(UniqueFd fuse_device, ImageTree tree, Ownership owner, unsigned workers = 0);
  ~FuseServer();
  FuseServer(const FuseServer&) = delete;
  FuseServer& operator=(const FuseServer&) = delete;

  const ImageTree& tree() const;
  /// Answer requests in own threads, which block all signals; returns when the mount is gone from every
  /// namespace and no descriptor of it is open, or after stop(). Call once, when the mount has been made:
  /// before, the kernel refuses to be read (EPERM). Throws Error when the device fails otherwise.
  void serve();
  /// Make serve() return soon, now or when it is called; from any thread. Requests under way may be lost:
  /// users of the mount get ENOTCONN once this object is destroyed.
  void stop() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sabot
