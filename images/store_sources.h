// SPDX-License-Identifier: Apache-2.0
// store_sources.h: what an image was made of, byte for byte: sources/HEX/source, and where there were such
// documents manifest.json and config.json.
// Not here: the image itself (store.h), its launch configuration (squashfs_file.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "images/store.h"

namespace sabot::images {

inline constexpr char kSourcesFolder[] = "sources";

struct SourceRecord {
  std::string reference;        ///< as it was written
  std::string manifest_digest;  ///< of `manifest`; empty where the source has none
  std::string manifest;  ///< the OCI or Docker manifest, or the appc image manifest; the bytes themselves
  std::string config;    ///< the OCI or Docker image configuration; the bytes themselves
  std::int64_t imported_s = 0;
};

/// What is known of the source of `digest`; none for an image that came as a squashfs or from an old release.
std::optional<SourceRecord> read_source(const Store& store, const std::string& digest);
void write_source(const Store& store, const std::string& digest, const SourceRecord& record);
void remove_source(const Store& store, const std::string& digest);

}  // namespace sabot::images
