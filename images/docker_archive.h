// SPDX-License-Identifier: Apache-2.0
// docker_archive.h: what `docker save` writes, of every generation: manifest.json above `ID/layer.tar`, since
// Docker 25 above an OCI layout's blobs, before Docker 1.10 nothing but `ID/json` with a parent in each.
// Not here: the tar itself (archive_index.h).
#pragma once

#include <string>
#include <vector>

#include "images/archive_index.h"
#include "images/layer_blob.h"
#include "images/platform.h"

namespace sabot::images {

struct DockerImage {
  LaunchConfig launch;
  std::vector<LayerBlob> layers;   ///< lowest first; they read `archive`
  std::string image_id;            ///< the configuration's digest; empty in the first generation
  std::vector<std::string> notes;  ///< what could not be checked
};

/// The image in `archive` (borrowed; must outlive the layers) that `selector` names: NAME[:TAG], as in
/// RepoTags, with or without docker.io/library/; `@N` is the Nth of manifest.json; empty where there is only
/// one. Throws      Refused: several and no selector, or none that fits (says which there are); documents
/// that
///             contradict; a configuration that is not what its file name says; parents without end
DockerImage read_docker_archive(const ArchiveIndex& archive, const std::string& selector,
                                const Platform& machine);

}  // namespace sabot::images
