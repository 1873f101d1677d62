// SPDX-License-Identifier: Apache-2.0
// oci_documents.cc: see oci_documents.h.
#include "images/oci_documents.h"

#include <algorithm>

#include "images/json.h"
#include "images/limits.h"
#include "images/reference.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::string_view kIndexTypes[] = {"application/vnd.oci.image.index.v1+json",
                                            "application/vnd.docker.distribution.manifest.list.v2+json"};
constexpr std::string_view kManifestTypes[] = {"application/vnd.oci.image.manifest.v1+json",
                                               "application/vnd.docker.distribution.manifest.v2+json"};
constexpr std::string_view kConfigTypes[] = {"application/vnd.oci.image.config.v1+json",
                                             "application/vnd.docker.container.image.v1+json"};

struct LayerType {
  std::string_view media_type;
  std::string_view compression;
};
constexpr LayerType kLayerTypes[] = {
    {"application/vnd.oci.image.layer.v1.tar", ""},
    {"application/vnd.oci.image.layer.v1.tar+gzip", "gzip"},
    {"application/vnd.oci.image.layer.v1.tar+zstd", "zstd"},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar", ""},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "gzip"},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "zstd"},
    {"application/vnd.docker.image.rootfs.diff.tar", ""},
    {"application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"},
    {"application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd"},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar", ""},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "gzip"},
};

template <class List>
bool contains(const List& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

const LayerType* find_layer_type(std::string_view media_type) {
  for (const LayerType& type : kLayerTypes)
    if (type.media_type == media_type) return &type;
  return nullptr;
}

std::string checked_digest(const std::string& digest) {
  if (is_sha256_digest(digest)) return digest;
  const bool other_algorithm = digest.find(':') != std::string::npos && !digest.starts_with("sha256:");
  throw Refused("the digest '" + printable(digest.substr(0, 100)) + "' " +
                (other_algorithm ? "is not sha256, the only kind we can check" : "is malformed"));
}

Descriptor parse_descriptor(const JsonValue& value) {
  Descriptor out;
  out.media_type = value.string_at("mediaType");
  out.digest = checked_digest(value.string_at("digest"));
  out.size_bytes = value.count_at("size");
  if (const JsonValue* annotations = value.object_at("annotations"))
    out.ref_name = annotations->string_at("org.opencontainers.image.ref.name");
  if (const JsonValue* platform = value.object_at("platform")) {
    out.has_platform = true;
    out.os = platform->string_at("os");
    out.architecture = platform->string_at("architecture");
    out.variant = platform->string_at("variant");
  }
  return out;
}

/// What all documents have in common. `named`: how the descriptor called it.
JsonValue parse_document(std::string_view json, std::string_view named) {
  JsonValue document = parse_json(json);
  if (document.kind != JsonValue::Kind::object) throw Refused("not a JSON object");
  const JsonValue* version = document.find("schemaVersion");
  if (version != nullptr && version->kind == JsonValue::Kind::integer && version->integer == 1)
    throw Refused("a Docker schema 1 manifest, which is obsolete; push the image again with a newer tool");
  if (version == nullptr || version->kind != JsonValue::Kind::integer || version->integer != 2)
    throw Refused("'schemaVersion' is not 2");
  const std::string own = document.string_at("mediaType");
  if (!own.empty() && !named.empty() && own != named)
    throw Refused("calls itself '" + printable(own) + "', but was announced as '" + printable(named) + "'");
  if (document.find("manifests") != nullptr && document.find("layers") != nullptr)
    throw Refused("has both 'manifests' and 'layers'");
  return document;
}

}  // namespace

bool is_index_type(std::string_view media_type) { return contains(kIndexTypes, media_type); }
bool is_manifest_type(std::string_view media_type) { return contains(kManifestTypes, media_type); }

std::string_view layer_compression(std::string_view media_type) {
  const LayerType* type = find_layer_type(media_type);
  return type != nullptr ? type->compression : std::string_view{};
}

std::vector<Descriptor> parse_index(std::string_view json, std::string_view media_type) {
  const JsonValue document = parse_document(json, media_type);
  const std::string own = document.string_at("mediaType");
  if (!own.empty() && !is_index_type(own)) throw Refused("'" + printable(own) + "' is not an image index");
  const JsonValue* manifests = document.list_at("manifests");
  if (manifests == nullptr) throw Refused("an image index without 'manifests'");
  std::vector<Descriptor> entries;
  for (const JsonValue& value : manifests->items) {
    if (value.kind != JsonValue::Kind::object)
      throw Refused("'manifests' has an entry that is not an object");
    const std::string type = value.string_at("mediaType");
    if (is_index_type(type) || is_manifest_type(type)) entries.push_back(parse_descriptor(value));
  }
  return entries;
}

Manifest parse_manifest(std::string_view json, std::string_view media_type) {
  const JsonValue document = parse_document(json, media_type);
  const std::string own = document.string_at("mediaType");
  if (!own.empty() && !is_manifest_type(own))
    throw Refused("'" + printable(own) + "' is not an image manifest");
  const JsonValue* config = document.object_at("config");
  if (config == nullptr) throw Refused("not a runnable image: a manifest without 'config'");
  const std::string config_type = config->string_at("mediaType");
  if (!contains(kConfigTypes, config_type))
    throw Refused("not a runnable image: its configuration is of type '" + printable(config_type) + "'");
  Manifest manifest;
  manifest.config = parse_descriptor(*config);
  const JsonValue* layers = document.list_at("layers");
  if (layers == nullptr) return manifest;  // as some tools write an image of no layers
  if (layers->items.size() > kMaxLayers) throw Refused("more than " + std::to_string(kMaxLayers) + " layers");
  for (const JsonValue& value : layers->items) {
    if (value.kind != JsonValue::Kind::object) throw Refused("'layers' has an entry that is not an object");
    manifest.layers.push_back(parse_descriptor(value));
    const std::string& type = manifest.layers.back().media_type;
    if (find_layer_type(type) == nullptr)
      throw Refused("a layer of the unknown type '" + printable(type) + "'");
  }
  return manifest;
}

ImageConfig parse_image_config(std::string_view json) {
  const JsonValue document = parse_json(json);
  if (document.kind != JsonValue::Kind::object) throw Refused("not a JSON object");
  ImageConfig config;
  config.os = document.string_at("os");
  config.architecture = document.string_at("architecture");
  const JsonValue* rootfs = document.object_at("rootfs");
  if (rootfs == nullptr) throw Refused("not a runnable image: its configuration has no 'rootfs'");
  if (rootfs->string_at("type") != "layers") throw Refused("'rootfs' is not of type 'layers'");
  for (const std::string& diff_id : rootfs->strings_at("diff_ids"))
    config.diff_ids.push_back(checked_digest(diff_id));
  if (const JsonValue* launch = document.object_at("config")) config.launch = launch_config_from(*launch);
  return config;
}

void check_layout_file(std::string_view json) {
  const JsonValue document = parse_json(json);
  if (document.kind != JsonValue::Kind::object) throw Refused("not a JSON object");
  const std::string version = document.string_at("imageLayoutVersion");
  if (version != "1" && !version.starts_with("1."))
    throw Refused("an OCI layout of version '" + printable(version) + "'; only version 1 is known");
}

}  // namespace sabot::images
