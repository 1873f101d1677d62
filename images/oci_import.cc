// SPDX-License-Identifier: Apache-2.0
// oci_import.cc: see oci_import.h.
#include "images/oci_import.h"

#include "images/oci_documents.h"
#include "images/packed_tar.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

class Layers {
 public:
  Layers(const std::vector<LayerBlob>& layers, std::uint64_t max_layer_bytes, Collected& collected,
         SquashfsWriter& writer, Progress* progress)
      : blobs_(layers),
        max_bytes_(max_layer_bytes),
        collected_(collected),
        writer_(writer),
        progress_(progress) {}

  /// Reading goes down, so that what upper layers hide is never written; applying goes up, as layers were
  /// made.
  void run() {
    const std::size_t count = blobs_.size();
    std::vector<std::vector<LayerEntry>> layers(count);
    CoveredPaths above;
    for (std::size_t i = count; i-- > 0;) {
      layers[i] = read(i, above);
      if (i > 0) above.add(layers[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      Context doing{"layer " + printable(blobs_[i].name)};
      collected_.tree.apply(layers[i], static_cast<std::uint32_t>(i), collected_.notes);
    }
    for (std::size_t i = 0; i + 1 < count; ++i) read_again(i);
  }

 private:
  std::vector<LayerEntry> read(std::size_t i, const CoveredPaths& above) {
    const std::unique_ptr<PackedTar> tar = next_ ? std::move(next_) : opened(i, progress_);
    if (i > 0) next_ = opened(i - 1, progress_);  // decompressed while this one is written
    Context doing{"layer " + printable(blobs_[i].name)};
    note_lie(blobs_[i], tar->packing());
    const AciRules* aci = blobs_[i].aci;
    const LayerRules rules{static_cast<std::uint32_t>(i), aci == nullptr, max_bytes_, &above, aci};
    return read_layer(*tar, rules, collected_, writer_);
  }

  /// Files that CoveredPaths thought hidden and the merged tree has: other names of theirs survived.
  void read_again(std::size_t i) {
    const auto wanted = skipped_files(collected_.tree.root(), static_cast<std::uint32_t>(i));
    if (wanted.empty()) return;
    const std::unique_ptr<PackedTar> tar = opened(i, nullptr);
    Context doing{"layer " + printable(blobs_[i].name)};
    read_layer_again(*tar, wanted, writer_);
  }

  std::unique_ptr<PackedTar> opened(std::size_t i, Progress* progress) const {
    const LayerBlob& blob = blobs_[i];
    Context doing{"layer " + printable(blob.name)};
    // A tar has headers besides the bytes of files; holes are not in it but count as bytes of files.
    const PackedTarRules rules{blob.size_bytes, blob.digest, blob.diff_id, max_bytes_, blob.aci == nullptr};
    return std::make_unique<PackedTar>(blob.open(), rules, progress);
  }

  void note_lie(const LayerBlob& blob, Packing packing) {
    if (blob.media_type.empty()) return;
    const std::string_view said = layer_compression(blob.media_type);
    const std::string_view is = packing == Packing::gzip ? "gzip" : packing == Packing::zstd ? "zstd" : "";
    if (said != is)
      collected_.notes.add("layer " + blob.digest + " is called '" + blob.media_type +
                           "' but its compression is " + (is.empty() ? "none" : std::string(is)) +
                           "; its digests hold, so it is taken");
  }

  const std::vector<LayerBlob>& blobs_;
  std::uint64_t max_bytes_;
  Collected& collected_;
  SquashfsWriter& writer_;
  Progress* progress_;
  std::unique_ptr<PackedTar> next_;
};

}  // namespace

void import_layers(const std::vector<LayerBlob>& layers, std::uint64_t max_layer_bytes, Collected& collected,
                   SquashfsWriter& writer, Progress* progress) {
  if (progress != nullptr) {
    std::uint64_t total = 0;
    for (const LayerBlob& layer : layers) total += layer.size_bytes.value_or(0);
    progress->total(total);
  }
  Layers(layers, max_layer_bytes, collected, writer, progress).run();
}

}  // namespace sabot::images
