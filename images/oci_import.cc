// SPDX-License-Identifier: Apache-2.0
// oci_import.cc: see oci_import.h.
#include "images/oci_import.h"

#include <algorithm>

#include "images/packed_tar.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

class Layers {
 public:
  Layers(const OciLayout& layout, const Chosen& image, std::uint64_t max_layer_bytes, Collected& collected,
         SquashfsWriter& writer)
      : layout_(layout), image_(image), max_bytes_(max_layer_bytes), collected_(collected), writer_(writer) {}

  /// Reading goes down, so that what upper layers hide is never written; applying goes up, as layers were
  /// made.
  void run(Progress* progress) {
    const std::size_t count = image_.manifest.layers.size();
    std::vector<std::vector<LayerEntry>> layers(count);
    CoveredPaths above;
    for (std::size_t i = count; i-- > 0;) {
      layers[i] = read(i, above, progress);
      if (i > 0) above.add(layers[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      Context doing{"layer " + image_.manifest.layers[i].digest};
      collected_.tree.apply(layers[i], static_cast<std::uint32_t>(i), collected_.notes);
    }
    for (std::size_t i = 0; i + 1 < count; ++i) read_again(i);
  }

 private:
  std::vector<LayerEntry> read(std::size_t i, const CoveredPaths& above, Progress* progress) {
    const Descriptor& blob = image_.manifest.layers[i];
    Context doing{"layer " + blob.digest};
    const UniqueFd fd = layout_.open_blob(blob);
    PackedTar tar(fd.get(), rules(i), progress);
    note_lie(blob, tar.packing());
    return read_layer(tar, {static_cast<std::uint32_t>(i), true, max_bytes_, &above}, collected_, writer_);
  }

  /// Files that CoveredPaths thought hidden and the merged tree has: other names of theirs survived.
  void read_again(std::size_t i) {
    const auto wanted = skipped_files(collected_.tree.root(), static_cast<std::uint32_t>(i));
    if (wanted.empty()) return;
    const Descriptor& blob = image_.manifest.layers[i];
    Context doing{"layer " + blob.digest};
    const UniqueFd fd = layout_.open_blob(blob);
    PackedTar tar(fd.get(), rules(i), nullptr);
    read_layer_again(tar, wanted, writer_);
  }

  PackedTarRules rules(std::size_t i) const {
    const Descriptor& blob = image_.manifest.layers[i];
    // A tar has headers besides the bytes of files; holes are not in it but count as bytes of files.
    return {blob.size_bytes, blob.digest, image_.config.diff_ids[i], max_bytes_, true};
  }

  void note_lie(const Descriptor& blob, Packing packing) {
    const std::string_view said = layer_compression(blob.media_type);
    const std::string_view is = packing == Packing::gzip ? "gzip" : packing == Packing::zstd ? "zstd" : "";
    if (said != is)
      collected_.notes.add("layer " + blob.digest + " is called '" + blob.media_type +
                           "' but its compression is " + (is.empty() ? "none" : std::string(is)) +
                           "; its digests hold, so it is taken");
  }

  const OciLayout& layout_;
  const Chosen& image_;
  std::uint64_t max_bytes_;
  Collected& collected_;
  SquashfsWriter& writer_;
};

}  // namespace

void import_layers(const OciLayout& layout, const Chosen& image, std::uint64_t max_layer_bytes,
                   Collected& collected, SquashfsWriter& writer, Progress* progress) {
  if (progress != nullptr) {
    std::uint64_t total = 0;
    for (const Descriptor& layer : image.manifest.layers) total += layer.size_bytes;
    progress->total(total);
  }
  Layers(layout, image, max_layer_bytes, collected, writer).run(progress);
}

}  // namespace sabot::images
