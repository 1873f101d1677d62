// SPDX-License-Identifier: Apache-2.0
// extract.h: an image's files as plain files of the caller's, for those who want to look or to change.
// Not here: what a pod shows (stage1-hpc/fs), which extracts nothing.
#pragma once

#include <cstdint>
#include <string>

namespace sabot::images {

struct Extracted {
  std::uint64_t entries = 0;
  std::uint64_t passed_over = 0;  ///< devices and sockets
  std::uint64_t lost_xattrs = 0;  ///< attributes that the file system or the caller's rights did not allow
};

/// Write the image `fd` into `directory`, which must not exist and is made. Everything belongs to the caller;
/// modes without set-id bits, times and user.* attributes are kept. No symbolic link is followed.
/// Throws      Refused, Error; what was written until then stays
Extracted extract_image(int fd, const std::string& directory);

}  // namespace sabot::images
