// SPDX-License-Identifier: Apache-2.0
// registry.cc: see registry.h.
#include "images/registry/registry.h"

#include <ctime>

#include <exception>

#include "images/digest.h"
#include "images/json.h"
#include "images/registry/retry.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images::registry {
namespace {

// All in one go; without them some registries answer with schema 1.
const std::vector<std::string> kAccept = {
    "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"};
constexpr std::size_t kOwnWords = 200;

// "application/x; charset=utf-8" is application/x
std::string media_type_of(const HttpResponse& response) {
  const std::string type = response.header("content-type");
  return type.substr(0, type.find_first_of("; \t"));
}

// `errors` of distribution-spec; empty where the body is something else.
std::string own_words(const std::string& body) try {
  const JsonValue document = parse_json(body);
  const JsonValue* errors = document.list_at("errors");
  if (errors == nullptr || errors->items.empty()) return "";
  const JsonValue& first = errors->items.front();
  return printable((first.string_at("code") + ": " + first.string_at("message")).substr(0, kOwnWords));
} catch (const Refused&) {
  return "";
}

EndpointPlace place_of(const ImageName& name, const AccessRules& rules) {
  EndpointPlace place{name.host, name.repository, name.user, true, false};
  for (const std::string& host : rules.insecure) place.plain_http_allowed |= host == name.host;
  return place;
}

EndpointPlace mirror_place(const Mirror& mirror, const ImageName& name, const AccessRules& rules) {
  const std::size_t slash = mirror.at.find('/');
  EndpointPlace place{mirror.at.substr(0, slash), name.repository, "", false, false};
  if (slash != mirror.at.npos) place.repository.insert(0, mirror.at.substr(slash + 1) + "/");
  for (const std::string& host : rules.insecure) place.plain_http_allowed |= host == place.host;
  return place;
}

HttpResponse get_with_retries(Endpoint& endpoint, HttpClient& client, const std::string& path,
                              const std::vector<std::string>& headers) {
  Retry retry;
  for (;;) {
    long asked_s = 0;
    try {
      HttpResponse response = endpoint.get(client, path, headers, nullptr);
      asked_s = retry_after_s(response.header("retry-after"), ::time(nullptr));
      if (!is_passing(response.status) || !retry.again(asked_s)) return response;
    } catch (const HttpFailure& e) {
      if (e.kind == HttpFailure::Kind::lasting || e.kind == HttpFailure::Kind::not_tls || !retry.again(0))
        throw;
    }
  }
}

}  // namespace

std::string refusal(const HttpResponse& response, const std::string& host, const std::string& what) {
  const std::string words = own_words(response.body);
  std::string why = "the registry " + host + " ";
  if (response.status == 404) {
    why += "has no " + what + ", or does not show it without a login";
  } else if (response.status == 429) {
    const std::string wait = response.header("retry-after");
    why += "refuses more requests for now" +
           (wait.empty() ? "" : " (Retry-After: " + printable(wait.substr(0, 40)) + ")");
  } else if (response.status == 403) {
    why += "denies access to " + what;
  } else {
    why += "answers " + std::to_string(response.status) + " for " + what;
  }
  return why + (words.empty() ? "" : " (" + words + ")");
}

Registry::Registry(ImageName name, const AccessRules& rules, CredentialHelper helper)
    : name_(std::move(name)), credentials_(credential_places(), std::move(helper)) {
  for (const Mirror& mirror : rules.mirrors)
    if (mirror.host == name_.host)
      endpoints_.push_back(
          std::make_unique<Endpoint>(mirror_place(mirror, name_, rules), rules, credentials_));
  endpoints_.push_back(std::make_unique<Endpoint>(place_of(name_, rules), rules, credentials_));
}

/// The first host that has it. What a mirror lacks or fails at, the next is asked for; the last word is the
/// registry's own.
HttpResponse Registry::get(const std::string& path, const std::vector<std::string>& headers) {
  for (std::size_t i = 0; i + 1 < endpoints_.size(); ++i) {
    try {
      HttpResponse response = get_with_retries(*endpoints_[i], client_, path, headers);
      if (response.status == 200) return response;
    } catch (const Refused&) {
      continue;
    }
  }
  Endpoint& own = *endpoints_.back();
  HttpResponse response = get_with_retries(own, client_, path, headers);
  if (response.status == 200) return response;
  throw Refused(refusal(response, own.host(), path + " of " + own.repository()));
}

Document Registry::top() {
  const std::string& wanted = name_.digest.empty() ? name_.tag : name_.digest;
  HttpResponse response = get("manifests/" + wanted, kAccept);
  Document document;
  document.descriptor.media_type = media_type_of(response);
  document.descriptor.digest = sha256_of(response.body);
  document.descriptor.size_bytes = response.body.size();
  document.text = std::move(response.body);
  const std::string& type = document.descriptor.media_type;
  if (type.starts_with("application/vnd.docker.distribution.manifest.v1+"))
    throw Refused("a Docker schema 1 manifest, which is obsolete; push the image again with a newer tool");
  if (!is_index_type(type) && !is_manifest_type(type))
    throw Refused("what " + name_.host + " answers is not an image's manifest but '" + printable(type) + "'");
  if (document.text.size() > kJsonBytes) throw Refused("a manifest larger than the limit of 4 MiB");
  if (!name_.digest.empty() && document.descriptor.digest != name_.digest)
    throw Refused("what " + name_.host + " answers has the digest " + document.descriptor.digest +
                  ", not the one asked for");
  return document;
}

std::string Registry::manifest(const Descriptor& document) {
  return get("manifests/" + document.digest, kAccept).body;
}

std::string Registry::small_blob(const Descriptor& blob) { return get("blobs/" + blob.digest, {}).body; }

}  // namespace sabot::images::registry
