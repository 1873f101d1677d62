// SPDX-License-Identifier: Apache-2.0
// oci_layout.h: an OCI image layout in a directory: its blobs by digest, and its index.
// Not here: a layout in a tar (oci_archive.h), which image of it is meant (image_choice.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "images/blobs.h"
#include "sys/unique_fd.h"

namespace sabot::images {

class OciLayout : public Blobs {
 public:
  /// `root_fd` is borrowed. Throws Refused when it is not a layout of version 1.
  explicit OciLayout(int root_fd);

  /// The blob's file, a regular one. Resolved inside the layout: a symlink cannot lead out.
  std::unique_ptr<ByteSource> open(const Descriptor& blob) override;
  /// index.json's entries.
  std::vector<Descriptor> index() const;

 private:
  int root_fd_;
};

/// Where a layout keeps a blob, below its root.
std::string blob_path(const Descriptor& blob);

}  // namespace sabot::images
