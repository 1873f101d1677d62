// SPDX-License-Identifier: Apache-2.0
// oci_import.h: the layers of an OCI image into the tree and the writer, each digest checked on the way.
#pragma once

#include <cstdint>

#include "images/layer.h"
#include "images/oci_layout.h"
#include "images/progress.h"

namespace sabot::images {

/// Read all layers of `image`, newest first, and apply them.
/// Throws      Refused: a blob whose size, digest or diff_id is not as said; a compression OCI does not have;
///             what read_layer and MergedTree refuse
void import_layers(const OciLayout& layout, const Chosen& image, std::uint64_t max_layer_bytes,
                   Collected& collected, SquashfsWriter& writer, Progress* progress);

}  // namespace sabot::images
