// SPDX-License-Identifier: Apache-2.0
// stores.cc: see stores.h.
#include "stores.h"

#include <unistd.h>

#include <algorithm>

#include "images/store_leases.h"
#include "request.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {

std::vector<std::string> existing_stores(const SiteConfig& site) {
  std::vector<std::string> paths = site.site_stores;
  paths.push_back(store_path(site));
  std::erase_if(paths, [](const std::string& path) {  // a store that nobody made yet is an empty one
    return ::access(path.c_str(), F_OK) == -1 && errno == ENOENT;
  });
  return paths;
}

images::Store open_to_read(const SiteConfig& site, const std::string& path) {
  const bool is_sites =
      std::find(site.site_stores.begin(), site.site_stores.end(), path) != site.site_stores.end();
  return is_sites ? images::open_site_store(path) : images::open_existing_store(path);
}

std::optional<StoredImage> find_stored(const SiteConfig& site, const std::string& what) {
  for (const std::string& path : existing_stores(site))
    if (auto record = open_to_read(site, path).find(what)) return StoredImage{path, std::move(*record)};
  return std::nullopt;
}

StoredImage find_or_refuse(const SiteConfig& site, const std::string& what) {
  std::optional<StoredImage> image = find_stored(site, what);
  if (!image)
    throw Refused("no image '" + printable(what) + "' in the store; `sabot image list` shows what is there");
  return *image;
}

bool keep_for_job(const SiteConfig& site, const StoredImage& image) {
  const images::Store store = open_to_read(site, image.store);
  images::take_lease(store, image.record.digest, images::user_holder(), site.lease_s);
  return store.find(image.record.digest).has_value();
}

}  // namespace sabot
