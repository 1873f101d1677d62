// SPDX-License-Identifier: Apache-2.0
// oci_archive.cc: see oci_archive.h.
#include "images/oci_archive.h"

#include "images/oci_layout.h"
#include "sys/error.h"

namespace sabot::images {

OciArchive::OciArchive(const ArchiveIndex& archive) : archive_(archive) {
  const std::string file = archive.read_text("oci-layout");
  Context doing{"oci-layout"};
  check_layout_file(file);
}

std::unique_ptr<ByteSource> OciArchive::open(const Descriptor& blob) {
  return archive_.open(blob_path(blob));
}

std::vector<Descriptor> OciArchive::index() const {
  const std::string text = archive_.read_text("index.json");
  Context doing{"index.json"};
  return parse_index(text, "");
}

}  // namespace sabot::images
