// SPDX-License-Identifier: Apache-2.0
// covered_paths.h: which names of a lower layer the layers above it hide, told by the names alone.
// This only saves writing bytes that nobody will see. It may be wrong where symlinks or hard links make one
// file reachable by two names: MergedTree has the last word, and a file wrongly skipped is read again.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "images/merged_tree.h"

namespace sabot::images {

class CoveredPaths {
 public:
  /// Take note of a layer; call it from the newest to the oldest, after the layer itself was read.
  void add(std::span<const LayerEntry> layer);
  /// True when a file at `path` in the next lower layer is not going to be seen at that name.
  bool hides(std::string_view path) const;

 private:
  struct Cover {
    bool itself = false;
    bool below = false;
  };
  std::unordered_map<std::string, Cover> covers_;
};

}  // namespace sabot::images
