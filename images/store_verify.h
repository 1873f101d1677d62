// SPDX-License-Identifier: Apache-2.0
// store_verify.h: whether what a store has is still what its names say.
#pragma once

#include <string>
#include <vector>

#include "images/store.h"

namespace sabot::images {

/// Read the image again, and the record of its source. Returns one phrase for each thing that differs; empty:
/// nothing does. Throws Error ENOENT where the store has no such image.
std::vector<std::string> verify_image(const Store& store, const std::string& digest);

}  // namespace sabot::images
