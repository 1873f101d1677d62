// SPDX-License-Identifier: Apache-2.0
// aci_import.h: an App Container image and what it depends on, as layers.
// Dependencies are looked for among the files beside the image. Not here: manifests (aci_manifest.h), the
// layers' import (oci_import.h).
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "images/aci_manifest.h"
#include "images/layer_blob.h"
#include "images/platform.h"
#include "sys/unique_fd.h"

namespace sabot::images {

/// One ACI file, its manifest read.
struct AciFile {
  std::string name;  ///< of the file
  UniqueFd fd;
  std::string text;
  AciManifest manifest;
};

/// Read the manifest of the ACI in `fd`, wherever in the archive it is.
/// Throws Refused for an encrypted one, no archive, no manifest, or one that parse_aci_manifest refuses
std::unique_ptr<AciFile> read_aci_file(UniqueFd fd, const std::string& name);

/// An ACI with its dependencies.
class AciImage {
 public:
  /// `fd`         the image, its signature checked if it has one: nothing of it is believed before
  /// `directory`  borrowed: where files of dependencies (*.aci) may be; by their manifests, not by their
  /// names Throws      Refused: a dependency that is not there, or is another by ID or size; a cycle; more
  /// than 1024 of
  ///             them; another system or architecture than `machine`
  AciImage(UniqueFd fd, const std::string& name, int directory, const Platform& machine);

  /// Lowest first; they borrow from this object.
  std::vector<LayerBlob> layers() const;
  const LaunchConfig& launch() const { return top_->manifest.launch; }
  const std::vector<std::string>& notes() const { return top_->manifest.notes; }

 private:
  struct Applied {
    const AciFile* file;
    std::string image_id;
    AciRules rules;
  };
  void order(const Platform& machine);
  const AciFile& find(const AciDependency& wanted);
  void read_directory();

  int directory_;
  bool directory_read_ = false;
  std::vector<std::unique_ptr<AciFile>> files_;
  const AciFile* top_ = nullptr;
  std::deque<Applied> applied_;  // highest first
};

}  // namespace sabot::images
