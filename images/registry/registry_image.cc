// SPDX-License-Identifier: Apache-2.0
// registry_image.cc: see registry_image.h.
#include "images/registry/registry_image.h"

#include <algorithm>
#include <cstring>

#include "sys/error.h"

namespace sabot::images::registry {
namespace {

class TextSource : public ByteSource {
 public:
  explicit TextSource(const std::string& text) : text_(text) {}
  std::size_t read(std::span<std::uint8_t> into) override {
    const std::size_t give = std::min(into.size(), text_.size() - at_);
    std::memcpy(into.data(), text_.data() + at_, give);
    at_ += give;
    return give;
  }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
};

}  // namespace

RegistryImage::RegistryImage(Registry& registry, const Platform& platform) : registry_(registry) {
  Document top = registry.top();
  const Descriptor descriptor = top.descriptor;
  documents_[descriptor.digest] = std::move(top.text);
  chosen_ = choose_image(*this, {descriptor}, platform);
}

void RegistryImage::begin_downloads(int folder) {
  std::vector<Descriptor> layers = chosen_.manifest.layers;
  std::reverse(layers.begin(), layers.end());  // as they are read
  downloads_.emplace(registry_, folder);
  downloads_->start(layers);
}

void RegistryImage::discard_downloads() {
  if (downloads_) downloads_->discard();
}

std::unique_ptr<ByteSource> RegistryImage::open(const Descriptor& blob) {
  if (PartialBlob* partial = downloads_ ? downloads_->find(blob.digest) : nullptr) return partial->reader();
  const auto [document, is_new] = documents_.try_emplace(blob.digest);
  if (is_new) {
    const bool is_manifest = is_index_type(blob.media_type) || is_manifest_type(blob.media_type);
    document->second = is_manifest ? registry_.manifest(blob) : registry_.small_blob(blob);
  }
  return std::make_unique<TextSource>(document->second);
}

}  // namespace sabot::images::registry
