// SPDX-License-Identifier: Apache-2.0
// pull.cc: see pull.h.
#include "images/registry/pull.h"

#include <fcntl.h>

#include <ctime>

#include "images/platform.h"
#include "images/registry/registry_image.h"
#include "images/store_folders.h"
#include "images/store_tags.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images::registry {
namespace {

/// What the tag, or the digest, is filed under in the store.
std::string key_of(ImageName name, const ImportOptions& options, const std::string& digest) {
  if (!digest.empty()) name.digest = digest;
  if (!name.digest.empty()) name.tag.clear();
  return tag_key("docker://" + name.text(), options);
}

class Pull {
 public:
  Pull(Store& store, const PullRequest& request)
      : store_(store), request_(request), options_(request.options) {
    const Platform platform = parse_platform(options_.architecture);  // hosts that share a store may differ
    options_.architecture = platform.architecture + (platform.variant.empty() ? "" : "/") + platform.variant;
  }

  ImageRecord run(Progress* progress, ImportResult* result) {
    const ImageName& name = request_.source.registry;
    const Context doing{name.text()};
    const std::string key = key_of(name, options_, "");
    const auto known = find_tag(store_, key);
    if (!must_ask_registry(request_.policy, known.has_value(), !name.digest.empty(), name.text()))
      return stored(known->image_digest);
    Registry registry(name, request_.rules, request_.helper);
    RegistryImage image(registry, parse_platform(options_.architecture));
    const std::string manifest = image.chosen().descriptor.digest;
    const std::string digest_key = key_of(name, options_, manifest);
    const auto same = find_tag(store_, digest_key);
    ImageRecord record = same ? stored(same->image_digest) : import(image, progress, result);
    for (const std::string& each : {key, digest_key})
      write_tag(store_, each, {manifest, record.digest, ::time(nullptr)});
    if (result != nullptr)
      for (const std::string& warning : registry.warnings()) result->notes.push_back(warning);
    return record;
  }

 private:
  ImageRecord stored(const std::string& digest) {
    if (!request_.name.empty()) store_.set_name(request_.name, digest);
    std::optional<ImageRecord> record = store_.find(digest);
    if (!record) throw Refused("the image " + digest + " has just gone from the store; try again");
    return *record;
  }

  ImageRecord import(RegistryImage& image, Progress* progress, ImportResult* result) {
    const UniqueFd folder = open_folder(store_.fd(), kPartialBlobsFolder, true);
    image.begin_downloads(folder.get());
    options_.blobs = &image;
    options_.chosen = &image.chosen();
    ImageRecord record = store_.import(request_.source, AT_FDCWD, options_, request_.name, progress, result);
    image.discard_downloads();
    return record;
  }

  Store& store_;
  const PullRequest& request_;
  ImportOptions options_;
};

}  // namespace

ImageRecord pull(Store& store, const PullRequest& request, Progress* progress, ImportResult* result) {
  return Pull(store, request).run(progress, result);
}

}  // namespace sabot::images::registry
