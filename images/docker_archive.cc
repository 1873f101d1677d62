// SPDX-License-Identifier: Apache-2.0
// docker_archive.cc: see docker_archive.h.
#include "images/docker_archive.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "images/digest.h"
#include "images/entry_name.h"
#include "images/image_choice.h"
#include "images/json.h"
#include "images/limits.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

/// An image of the archive before it is chosen.
struct Candidate {
  std::vector<std::string> tags;
  std::string config;               // path of its configuration, or the ID of its top layer
  std::vector<std::string> layers;  // paths, lowest first; none in the first generation
};

bool is_id(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

JsonValue parse_list(const std::string& text) {
  JsonValue document = parse_json(text);
  if (document.kind != JsonValue::Kind::list) throw Refused("not a list");
  for (const JsonValue& item : document.items)
    if (item.kind != JsonValue::Kind::object) throw Refused("an entry that is not an object");
  return document;
}

JsonValue parse_object(const std::string& text) {
  JsonValue document = parse_json(text);
  if (document.kind != JsonValue::Kind::object) throw Refused("not a JSON object");
  return document;
}

std::vector<Candidate> from_manifest(const std::string& text) {
  Context doing{"manifest.json"};
  std::vector<Candidate> candidates;
  const JsonValue document = parse_list(text);
  for (const JsonValue& item : document.items) {
    Candidate one{item.strings_at("RepoTags"), normalise_entry_name(item.string_at("Config")), {}};
    for (const std::string& layer : item.strings_at("Layers"))
      one.layers.push_back(normalise_entry_name(layer));
    if (one.config.empty()) throw Refused("an image without 'Config'");
    if (one.layers.size() > kMaxLayers) throw Refused("more than " + std::to_string(kMaxLayers) + " layers");
    candidates.push_back(std::move(one));
  }
  return candidates;
}

/// {"NAME":{"TAG":"ID"}}
std::vector<Candidate> from_repositories(const std::string& text) {
  Context doing{"repositories"};
  std::map<std::string, Candidate> by_id;
  const JsonValue document = parse_object(text);
  for (const auto& [name, tags] : document.members) {
    if (tags.kind != JsonValue::Kind::object) throw Refused("'" + printable(name) + "' is not an object");
    for (const auto& [tag, id] : tags.members) {
      if (id.kind != JsonValue::Kind::string || !is_id(id.string))
        throw Refused("the image ID of '" + printable(name) + "' is not 64 hex digits");
      by_id[id.string].tags.push_back(std::string(name).append(":").append(tag));
    }
  }
  std::vector<Candidate> candidates;
  for (auto& [id, one] : by_id) {
    one.config = id;
    candidates.push_back(std::move(one));
  }
  return candidates;
}

/// An archive of the first generation without names: what is nobody's parent is an image.
std::vector<Candidate> from_layers(const ArchiveIndex& archive) {
  std::set<std::string> tops;
  std::set<std::string> parents;
  for (const std::string& name : archive.names()) {
    const auto [id, file] = split_name(name);
    if (file != "json" || !is_id(id)) continue;
    tops.emplace(id);
    parents.insert(parse_object(archive.read_text(name)).string_at("parent"));
  }
  std::vector<Candidate> candidates;
  for (const std::string& id : tops)
    if (!parents.contains(id)) candidates.push_back({{}, id, {}});
  return candidates;
}

/// docker.io/library/x -> x:latest
std::string plain_tag(std::string tag) {
  for (const std::string_view prefix : {"docker.io/", "index.docker.io/", "library/"})
    if (tag.starts_with(prefix)) tag.erase(0, prefix.size());
  const std::size_t last = tag.rfind('/');
  if (tag.find(':', last == std::string::npos ? 0 : last) == std::string::npos) tag += ":latest";
  return tag;
}

std::string list_of(const std::vector<Candidate>& candidates) {
  std::string list;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    list += list.empty() ? "" : ", ";
    list += candidates[i].tags.empty() ? "@" + std::to_string(i) : printable(candidates[i].tags[0]);
  }
  return list.substr(0, 1000);
}

const Candidate& select(const std::vector<Candidate>& candidates, const std::string& selector) {
  if (candidates.empty()) throw Refused("the archive has no image");
  if (selector.empty()) {
    if (candidates.size() == 1) return candidates[0];
    throw Refused("the archive has several images: say which, as in docker-archive:FILE:NAME: " +
                  list_of(candidates));
  }
  if (selector[0] == '@') {
    std::size_t index = 0;
    const char* end = selector.data() + selector.size();
    const auto [stop, error] = std::from_chars(selector.data() + 1, end, index);
    if (error == std::errc{} && stop == end && index < candidates.size()) return candidates[index];
  }
  for (const Candidate& one : candidates)
    for (const std::string& tag : one.tags)
      if (plain_tag(tag) == plain_tag(selector)) return one;
  throw Refused("the archive has no image '" + printable(selector) + "'; it has: " + list_of(candidates));
}

/// A configuration's file is called by its digest: HEX.json, or blobs/sha256/HEX.
void check_id(const std::string& path, const std::string& digest) {
  std::string_view name = split_name(path).second;
  if (name.ends_with(".json")) name.remove_suffix(5);
  if (is_id(name) && digest.substr(7) != name)
    throw Refused("the configuration '" + path + "' has the digest " + digest);
}

LayerBlob layer_at(const ArchiveIndex& archive, const std::string& path, const std::string& diff_id) {
  const std::string name = diff_id.empty() ? path : diff_id;
  return {name, "", "", diff_id, archive.size_of(path), [&archive, path] { return archive.open(path); }};
}

DockerImage with_manifest(const ArchiveIndex& archive, const Candidate& one, const Platform& machine) {
  DockerImage image;
  const std::string text = archive.read_text(one.config);
  image.image_id = sha256_of(text);
  check_id(one.config, image.image_id);
  Context doing{"configuration"};
  const ImageConfig config = parse_image_config(text);
  check_platform(config, machine);
  image.launch = config.launch;
  if (config.diff_ids.size() != one.layers.size())
    throw Refused(std::to_string(config.diff_ids.size()) + " diff_ids for " +
                  std::to_string(one.layers.size()) + " layers");
  for (std::size_t i = 0; i < one.layers.size(); ++i)
    image.layers.push_back(layer_at(archive, one.layers[i], config.diff_ids[i]));
  return image;
}

/// The first generation: from the top layer's document down through the parents.
DockerImage with_parents(const ArchiveIndex& archive, const std::string& top, const Platform& machine) {
  DockerImage image;
  std::set<std::string> seen;
  for (std::string id = top; !id.empty();) {
    if (!is_id(id)) throw Refused("the parent '" + printable(id.substr(0, 100)) + "' is not 64 hex digits");
    if (!seen.insert(id).second) throw Refused("the layer " + id + " is its own ancestor");
    if (seen.size() > kMaxLayers) throw Refused("more than " + std::to_string(kMaxLayers) + " layers");
    const JsonValue document = parse_object(archive.read_text(id + "/json"));
    Context doing{"layer " + id};
    if (id == top) {
      check_platform({document.string_at("os"), document.string_at("architecture"), {}, {}}, machine);
      if (const JsonValue* config = document.object_at("config")) image.launch = launch_config_from(*config);
    }
    image.layers.push_back(layer_at(archive, id + "/layer.tar", ""));
    id = document.string_at("parent");
  }
  std::reverse(image.layers.begin(), image.layers.end());
  image.notes.emplace_back(
      "an archive of Docker before 1.10 has no digests: its layers could not be checked");
  return image;
}

}  // namespace

DockerImage read_docker_archive(const ArchiveIndex& archive, const std::string& selector,
                                const Platform& machine) {
  if (archive.has("manifest.json"))
    return with_manifest(archive, select(from_manifest(archive.read_text("manifest.json")), selector),
                         machine);
  const std::vector<Candidate> candidates = archive.has("repositories")
                                                ? from_repositories(archive.read_text("repositories"))
                                                : from_layers(archive);
  if (candidates.empty())
    throw Refused("not an archive of docker save: it has no manifest.json and no repositories");
  return with_parents(archive, select(candidates, selector).config, machine);
}

}  // namespace sabot::images
