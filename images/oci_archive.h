// SPDX-License-Identifier: Apache-2.0
// oci_archive.h: an OCI image layout in a tar, in any order. Not here: one in a directory (oci_layout.h),
// which image of it is meant (image_choice.h).
#pragma once

#include <vector>

#include "images/archive_index.h"

namespace sabot::images {

class OciArchive : public Blobs {
 public:
  /// `archive` is borrowed. Throws Refused when it is not a layout of version 1.
  explicit OciArchive(const ArchiveIndex& archive);
  std::unique_ptr<ByteSource> open(const Descriptor& blob) override;
  /// index.json's entries.
  std::vector<Descriptor> index() const;

 private:
  const ArchiveIndex& archive_;
};

}  // namespace sabot::images
