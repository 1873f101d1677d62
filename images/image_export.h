// SPDX-License-Identifier: Apache-2.0
// image_export.h: an image of the store in the forms that other programs read.
// Not here: plain files (extract.h).
#pragma once

#include <string>

#include "images/launch_config.h"

namespace sabot::images {

struct ExportedImage {
  int fd = -1;  ///< the squashfs file; borrowed
  LaunchConfig launch;
  std::string architecture;  ///< as GOARCH spells it
  std::string name;          ///< what it is called in the export; may be empty for a layout
};

/// An OCI image layout with one image of one layer, a plain tar. `directory` must not exist and is made.
/// Returns     the digest of the manifest
/// Throws      Error, Refused; the directory is gone again then
/// Source      image-spec 1.1 image-layout.md
std::string export_oci(const ExportedImage& image, const std::string& directory);

/// An App Container image, a plain tar. `file` must not exist. Returns its image id, `sha512-HEX` is not
/// computed: the digest of the file, `sha256:HEX`.
/// Source      appc spec 0.8.11 aci.md
std::string export_aci(const ExportedImage& image, const std::string& file);

}  // namespace sabot::images
