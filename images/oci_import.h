// SPDX-License-Identifier: Apache-2.0
// oci_import.h: the layers of an image into the tree and the writer, each digest checked on the way.
#pragma once

#include <cstdint>
#include <vector>

#include "images/layer.h"
#include "images/layer_blob.h"
#include "images/progress.h"

namespace sabot::images {

/// Read all of `layers` (lowest first), newest first, and apply them. While one is read the next is opened
/// and decompressed ahead. Throws      Refused: a blob whose size, digest or diff_id is not as said; a
/// compression OCI does not have;
///             what read_layer and MergedTree refuse
void import_layers(const std::vector<LayerBlob>& layers, std::uint64_t max_layer_bytes, Collected& collected,
                   SquashfsWriter& writer, Progress* progress);

}  // namespace sabot::images
