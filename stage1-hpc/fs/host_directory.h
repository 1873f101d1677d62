// SPDX-License-Identifier: Apache-2.0
// host_directory.h: a directory of the host as an image, to plan a pod in: names, kinds, small files.
// Not here: mounting it (directory_root.h). It is not served: for that it knows too little.
#pragma once

#include <memory>

#include "fs/image_reader.h"

namespace sabot {

/// What lies below `directory`, looked up as the caller, no symlink followed, nothing opened but to read it.
/// As ImageReader, but for one thread, and readdir() gives names alone. Throws Error of the system.
std::unique_ptr<ImageReader> open_host_directory(UniqueFd directory);

}  // namespace sabot
