// SPDX-License-Identifier: Apache-2.0
// image_choice.h: which image among those of an index is meant: by name, by platform, through nested indexes.
// Not here: what documents say (oci_documents.h), where they are kept (blobs.h).
#pragma once

#include <string>
#include <vector>

#include "images/blobs.h"
#include "images/layer_blob.h"
#include "images/oci_documents.h"
#include "images/platform.h"

namespace sabot::images {

struct Chosen {
  Descriptor descriptor;
  Manifest manifest;
  ImageConfig config;
  std::string manifest_text;  ///< the documents themselves, byte for byte
  std::string config_text;
};

/// Of `entries` those that `selector` names (org.opencontainers.image.ref.name); all where it is empty.
/// Throws      Refused: no such name (says which there are); several names and no selector
std::vector<Descriptor> select_by_name(std::vector<Descriptor> entries, const std::string& selector);

/// The image among `entries` that suits `machine` best; of equals the first, as image-index.md has it.
/// Throws      Refused: nothing fits (says what there is), documents that contradict or do not end
Chosen choose_image(Blobs& blobs, const std::vector<Descriptor>& entries, const Platform& machine);

/// Manifest and configuration of one image that is known by `manifest`, checked against each other.
Chosen read_image(Blobs& blobs, const Descriptor& manifest, const Platform& machine);

/// Throws Refused where the configuration is for another system or architecture than `machine`.
void check_platform(const ImageConfig& config, const Platform& machine);

/// Its layers, lowest first. `blobs` is borrowed and must outlive them.
std::vector<LayerBlob> layers_of(Blobs& blobs, const Chosen& image);

}  // namespace sabot::images
