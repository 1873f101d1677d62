// SPDX-License-Identifier: Apache-2.0
// store_verify.cc: see store_verify.h.
#include "images/store_verify.h"

#include "images/digest.h"
#include "images/oci_documents.h"
#include "images/squashfs_file.h"
#include "images/store_sources.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

void verify_bytes(const Store& store, const std::string& digest, std::vector<std::string>& wrong) {
  const UniqueFd image = store.open_image(digest);
  const std::string is = sha256_of_file(image.get());
  if (is != digest) wrong.push_back("the file is " + is);
  try {
    read_image_info(image.get());
  } catch (const Refused& e) {
    wrong.emplace_back(e.what());
  }
}

void verify_source(const Store& store, const std::string& digest, std::vector<std::string>& wrong) {
  const std::optional<SourceRecord> source = read_source(store, digest);
  if (!source || source->manifest.empty()) return;
  const std::string manifest = sha256_of(source->manifest);
  if (manifest != source->manifest_digest)
    wrong.push_back("its source's manifest is " + manifest + ", not " + source->manifest_digest);
  if (source->config.empty()) return;
  try {
    const std::string wanted = parse_manifest(source->manifest, "").config.digest;
    const std::string config = sha256_of(source->config);
    if (config != wanted) wrong.push_back("its source's configuration is " + config + ", not " + wanted);
  } catch (const Refused& e) {
    wrong.push_back(std::string("its source's manifest cannot be read: ") + e.what());
  }
}

}  // namespace

std::vector<std::string> verify_image(const Store& store, const std::string& digest) {
  Context doing{"verify " + digest};
  std::vector<std::string> wrong;
  verify_bytes(store, digest, wrong);
  verify_source(store, digest, wrong);
  return wrong;
}

}  // namespace sabot::images
