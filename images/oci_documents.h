// SPDX-License-Identifier: Apache-2.0
// oci_documents.h: the documents of an OCI image: index, manifest, configuration; Docker's twins of them too.
// Not here: where documents come from (oci_layout.h), layers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "images/launch_config.h"

namespace sabot::images {

struct Descriptor {
  std::string media_type;
  std::string digest;  ///< `sha256:` and 64 hex digits: anything else is refused while parsing
  std::uint64_t size_bytes = 0;
  std::string ref_name;  ///< annotation org.opencontainers.image.ref.name
  bool has_platform = false;
  std::string os;
  std::string architecture;
  std::string variant;
};

struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;  ///< lowest first
};

struct ImageConfig {
  std::string os;
  std::string architecture;
  std::vector<std::string> diff_ids;
  LaunchConfig launch;
};

bool is_index_type(std::string_view media_type);
bool is_manifest_type(std::string_view media_type);

/// The manifests of an index. `media_type`: what the descriptor or server called it; empty when nobody did.
/// Throws      Refused: what parse_json refuses; another schemaVersion than 2; a document that is both index
/// and
///             manifest; a media type that contradicts; a descriptor without digest or size
/// Source      image-spec 1.1 image-index.md; pure
std::vector<Descriptor> parse_index(std::string_view json, std::string_view media_type);

/// A manifest of a runnable image.
/// Throws      Refused: as above; a schema 1 manifest; a configuration that is not an image's ("not a
/// runnable
///             image"); a layer of a type we do not know; more than kMaxLayers
/// Source      image-spec 1.1 manifest.md; pure
Manifest parse_manifest(std::string_view json, std::string_view media_type);

/// Throws      Refused: as above; rootfs.type other than `layers`; diff_ids that are not sha256 digests
/// Source      image-spec 1.1 config.md; pure
ImageConfig parse_image_config(std::string_view json);

/// Throws Refused where `json` is not an oci-layout file of version 1.
void check_layout_file(std::string_view json);

/// The compression a layer's media type speaks of: `gzip`, `zstd`, or empty.
std::string_view layer_compression(std::string_view media_type);

}  // namespace sabot::images
