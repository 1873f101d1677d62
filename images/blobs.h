// SPDX-License-Identifier: Apache-2.0
// blobs.h: the blobs of OCI images by descriptor: the seam between where they are kept (oci_layout.h,
// oci_archive.h, registry/) and what is made of them (image_choice.h, oci_import.h).
#pragma once

#include <memory>
#include <string>

#include "images/byte_source.h"
#include "images/oci_documents.h"

namespace sabot::images {

class Blobs {
 public:
  Blobs() = default;
  Blobs(const Blobs&) = delete;
  Blobs& operator=(const Blobs&) = delete;
  virtual ~Blobs() = default;
  /// The bytes of `blob`, not checked yet; the source may be read in another thread. It must not outlive
  /// this.
  virtual std::unique_ptr<ByteSource> open(const Descriptor& blob) = 0;
};

/// A document, its size and digest checked; larger than kJsonBytes is refused before it is read.
std::string read_document(Blobs& blobs, const Descriptor& document);

/// All of `source`; throws Refused past `limit_bytes`.
std::string read_whole(ByteSource& source, std::size_t limit_bytes);

}  // namespace sabot::images
