// SPDX-License-Identifier: Apache-2.0
// stores.h: the image stores of a user: those of the site, which are looked into first and only read, and the
// user's own, into which is imported.
// Not here: what a store is (images/store.h), where the user's own is (request.h, store_path).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "images/store.h"
#include "site_config.h"

namespace sabot {

struct StoredImage {
  std::string store;  ///< its path
  images::ImageRecord record;
};

/// The stores that are there, in the order in which they are looked into.
std::vector<std::string> existing_stores(const SiteConfig& site);

/// Open the store at `path` to read it: one that `site` names is the site's, any other must be the caller's
/// own or root's. Throws as open_existing_store does.
images::Store open_to_read(const SiteConfig& site, const std::string& path);

/// The first image that `what` names, as Store::find has it.
std::optional<StoredImage> find_stored(const SiteConfig& site, const std::string& what);

/// The same. Throws Refused where there is none.
StoredImage find_or_refuse(const SiteConfig& site, const std::string& what);

/// Keep `image` from being collected, for as long as a job may wait and run. The image must be looked for
/// again afterwards: that order is what protects it. Returns false where it is gone by then.
bool keep_for_job(const SiteConfig& site, const StoredImage& image);

}  // namespace sabot
