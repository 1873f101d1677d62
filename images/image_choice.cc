// SPDX-License-Identifier: Apache-2.0
// image_choice.cc: see image_choice.h.
#include "images/image_choice.h"

#include <optional>
#include <set>

#include "images/limits.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

std::string joined(const std::set<std::string>& words) {
  std::string list;
  for (const std::string& word : words)
    if (!word.empty()) list += (list.empty() ? "" : ", ") + printable(word);
  return list;
}

class Choice {
 public:
  Choice(Blobs& blobs, const Platform& machine) : blobs_(blobs), machine_(machine) {}

  void look_at(const std::vector<Descriptor>& entries, int depth) {
    for (const Descriptor& entry : entries) {
      if (is_index_type(entry.media_type)) {
        look_into(entry, depth);
      } else if (is_manifest_type(entry.media_type)) {
        weigh(entry);
      }
    }
  }

  const std::optional<Descriptor>& best() const { return best_; }
  std::string seen() const { return seen_.empty() ? "nothing" : joined(seen_); }

 private:
  void look_into(const Descriptor& index, int depth) {
    if (depth >= kMaxIndexDepth) throw Refused("indexes more than 4 deep");
    if (++documents_ > kMaxDocuments) throw Refused("more indexes than any image needs");
    Context doing{"index " + index.digest};
    look_at(parse_index(read_document(blobs_, index), index.media_type), depth + 1);
  }

  void weigh(const Descriptor& entry) {
    int fit = 0;  // without a platform its configuration says more, and is checked
    if (entry.has_platform) {
      seen_.insert(entry.os + "/" + entry.architecture + (entry.variant.empty() ? "" : "/") + entry.variant);
      fit = entry.os == "linux" ? fitness(machine_, {entry.architecture, entry.variant}) : -1;
    }
    if (fit <= fit_) return;
    fit_ = fit;
    best_ = entry;
  }

  Blobs& blobs_;
  const Platform& machine_;
  std::set<std::string> seen_;
  std::optional<Descriptor> best_;
  int fit_ = -1;
  int documents_ = 0;
};

}  // namespace

std::vector<Descriptor> select_by_name(std::vector<Descriptor> entries, const std::string& selector) {
  std::set<std::string> names;
  for (const Descriptor& entry : entries) names.insert(entry.ref_name);
  const std::string list = joined(names);
  if (selector.empty()) {
    if (names.size() > 1) throw Refused("there are several images: say which, as in oci:DIR:NAME: " + list);
    return entries;
  }
  std::erase_if(entries, [&](const Descriptor& entry) { return entry.ref_name != selector; });
  if (entries.empty())
    throw Refused("there is no image '" + printable(selector) +
                  "'; there is: " + (list.empty() ? "none with a name" : list));
  return entries;
}

void check_platform(const ImageConfig& config, const Platform& machine) {
  if (!config.os.empty() && config.os != "linux")
    throw Refused("an image for the system '" + printable(config.os) + "'");
  if (!config.architecture.empty() && config.architecture != machine.architecture)
    throw Refused("an image for " + printable(config.architecture) + ", where " + machine.architecture +
                  " is wanted");
}

Chosen choose_image(Blobs& blobs, const std::vector<Descriptor>& entries, const Platform& machine) {
  Choice choice(blobs, machine);
  choice.look_at(entries, 0);
  if (!choice.best())
    throw Refused("no image for linux/" + machine.architecture + (machine.variant.empty() ? "" : "/") +
                  machine.variant + "; there is: " + choice.seen());
  return read_image(blobs, *choice.best(), machine);
}

Chosen read_image(Blobs& blobs, const Descriptor& manifest, const Platform& machine) {
  Chosen chosen;
  chosen.descriptor = manifest;
  Context doing{"manifest " + manifest.digest};
  chosen.manifest_text = read_document(blobs, manifest);
  chosen.manifest = parse_manifest(chosen.manifest_text, manifest.media_type);
  Context then{"configuration"};
  chosen.config_text = read_document(blobs, chosen.manifest.config);
  chosen.config = parse_image_config(chosen.config_text);
  check_platform(chosen.config, machine);
  if (chosen.config.diff_ids.size() != chosen.manifest.layers.size())
    throw Refused(std::to_string(chosen.config.diff_ids.size()) + " diff_ids for " +
                  std::to_string(chosen.manifest.layers.size()) + " layers");
  return chosen;
}

std::vector<LayerBlob> layers_of(Blobs& blobs, const Chosen& image) {
  std::vector<LayerBlob> layers;
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const Descriptor& blob = image.manifest.layers[i];
    layers.push_back({blob.digest, blob.media_type, blob.digest, image.config.diff_ids[i], blob.size_bytes,
                      [&blobs, blob] { return blobs.open(blob); }});
  }
  return layers;
}

}  // namespace sabot::images
