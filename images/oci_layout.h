// SPDX-License-Identifier: Apache-2.0
// oci_layout.h: an OCI image layout in a directory: its blobs by digest, and which image in it is meant.
// Not here: what documents say (oci_documents.h), reading layers (oci_import.h).
#pragma once

#include <string>

#include "images/oci_documents.h"
#include "sys/unique_fd.h"

namespace sabot::images {

class OciLayout {
 public:
  /// `root_fd` is borrowed. Throws Refused when it is not a layout of version 1.
  explicit OciLayout(int root_fd);

  /// The blob's file, a regular one, not checked yet. Resolved inside the layout: a symlink cannot lead out.
  UniqueFd open_blob(const Descriptor& blob) const;
  /// A document, its size and digest checked; at most kJsonBytes.
  std::string read_document(const Descriptor& document) const;
  /// index.json's entries.
  std::vector<Descriptor> index() const;

 private:
  int root_fd_;
};

struct Chosen {
  Descriptor descriptor;
  Manifest manifest;
  ImageConfig config;
};

/// The image in `layout` for Linux on `architecture` (GOARCH).
/// `selector`  the org.opencontainers.image.ref.name wanted; empty where there is only one to choose
/// Throws      Refused: nothing fits (says what there is), several fit, documents that contradict or do not
/// end
Chosen choose_image(const OciLayout& layout, const std::string& selector, const std::string& architecture);

/// This machine's architecture as GOARCH spells it; uname's word where Go has none.
std::string host_architecture();

}  // namespace sabot::images
