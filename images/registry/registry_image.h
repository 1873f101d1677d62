// SPDX-License-Identifier: Apache-2.0
// registry_image.h: one image of a registry, chosen by platform, as the importer reads it: Blobs.
// Not here: whether it must be fetched at all (pull.h).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "images/blobs.h"
#include "images/image_choice.h"
#include "images/registry/download.h"
#include "images/registry/registry.h"

namespace sabot::images::registry {

class RegistryImage : public Blobs {
 public:
  /// Asks for manifest and configuration. `registry` is borrowed.
  /// Throws      what Registry and choose_image throw
  RegistryImage(Registry& registry, const Platform& platform);

  const Chosen& chosen() const { return chosen_; }

  /// Begin to download the layers, the one that is read first first. `folder` is borrowed.
  void begin_downloads(int folder);

  /// Remove what was downloaded.
  void discard_downloads();

  std::unique_ptr<ByteSource> open(const Descriptor& blob) override;

 private:
  Registry& registry_;
  std::map<std::string, std::string> documents_;  // by digest
  Chosen chosen_;
  std::optional<Downloads> downloads_;
};

}  // namespace sabot::images::registry
