// SPDX-License-Identifier: Apache-2.0
// layer_blob.h: one layer of an image, wherever it is kept: a layout's directory, a tar, a registry.
// Not here: what its tar does to the tree (layer.h), the order of layers (oci_import.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "images/byte_source.h"

namespace sabot::images {

struct AciRules;

struct LayerBlob {
  std::string name;        ///< in messages: its digest, or what the archive calls it
  std::string media_type;  ///< empty where nobody says
  std::string digest;      ///< of the bytes as they are kept; empty where nobody says
  std::string diff_id;     ///< of the tar in them, an image ID for an ACI; empty where nobody says
  std::optional<std::uint64_t> size_bytes;  ///< of the bytes as they are kept
  /// The bytes, nothing of them checked: the reader does that. Called from the importing thread, a second
  /// time where files turn out to be needed after all; the source may be read in another thread, and more
  /// than one layer's at once.
  std::function<std::unique_ptr<ByteSource>()> open;
  const AciRules* aci = nullptr;  ///< borrowed: it is an App Container image, and these hold for it
};

}  // namespace sabot::images
