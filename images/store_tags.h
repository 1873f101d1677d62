// SPDX-License-Identifier: Apache-2.0
// store_tags.h: what a tag of a registry meant when it was last asked for: STORE/tags/KEY, one line
//   MANIFEST-DIGEST IMAGE-DIGEST SECONDS
// Not here: names that a user gave (store.h), when to believe it (pull_policy.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "images/store.h"

namespace sabot::images {

/// Where the registry client keeps what it has of a blob that is not complete yet; below the store.
inline constexpr char kPartialBlobsFolder[] = "blobs/partial";

struct TagRecord {
  std::string manifest_digest;  ///< of the manifest that the image was made of
  std::string image_digest;     ///< of the squashfs file in the store; it may be gone by now
  std::int64_t checked_s = 0;   ///< when the registry said so, seconds since 1970
};

/// What one reference is filed under: everything that makes two images of one tag differ is part of it.
/// `reference` canonical: scheme, host, repository and tag or digest, no user.
std::string tag_key(const std::string& reference, const ImportOptions& options);

/// The record of `key`, where its image is still in the store.
std::optional<TagRecord> find_tag(const Store& store, const std::string& key);

/// Throws Error; what was there is replaced in one rename.
void write_tag(const Store& store, const std::string& key, const TagRecord& record);

}  // namespace sabot::images
