// SPDX-License-Identifier: Apache-2.0
// progress.h: how an import says how far it is. The launcher draws the bar.
#pragma once

#include <cstdint>

namespace sabot::images {

/// Told from the thread that called the import, never from another. A callback that throws ends the import.
struct Progress {
  virtual ~Progress() = default;
  /// What the whole import will read, in bytes of the source; 0 when it is not known beforehand.
  virtual void total(std::uint64_t bytes) = 0;
  /// `bytes` more of it have been read.
  virtual void advance(std::uint64_t bytes) = 0;
};

}  // namespace sabot::images
