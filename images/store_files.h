// SPDX-License-Identifier: Apache-2.0
// store_files.h: the image files of a store: how a digest is a file name, and what is known of the file.
// Not here: the folders and their small files (store_folders.h).
#pragma once

#include <optional>
#include <string>

#include "images/store.h"

namespace sabot::images {

inline constexpr char kImagesFolder[] = "images/sha256";

/// `sha256:HEX` as the file in kImagesFolder. Throws Refused for what is no digest.
std::string file_of(const std::string& digest);

/// The digest that a file's name holds; empty for anything else in the folder.
std::string digest_of(const std::string& file);

/// The image of `digest` in the folder `images`, without its names; none where there is no such file.
std::optional<ImageRecord> record_of(int images, const std::string& digest);

}  // namespace sabot::images
