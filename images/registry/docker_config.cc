// SPDX-License-Identifier: Apache-2.0
// docker_config.cc: what a config.json of Docker's or an auth.json of Podman's says of one repository. See
// credentials.h.
#include <algorithm>
#include <array>

#include "images/json.h"
#include "images/registry/credentials.h"
#include "images/registry/name.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images::registry {
namespace {

constexpr char kHubKey[] = "https://index.docker.io/v1/";  // what docker login writes for Docker Hub
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Without scheme, API version and slashes at the end: `HOST[/PATH]`.
std::string bare_key(std::string key) {
  for (const char* scheme : {"https://", "http://"})
    if (key.starts_with(scheme)) key = key.substr(std::string_view(scheme).size());
  while (key.ends_with('/')) key.pop_back();
  for (const char* version : {"/v1", "/v2"})
    if (key.ends_with(version)) key.resize(key.size() - 3);
  for (const char* hub : {"index.docker.io", "registry-1.docker.io"})
    if (key == hub || key.starts_with(std::string(hub) + "/"))
      key.replace(0, std::string_view(hub).size(), kDockerHub);
  return key;
}

// HOST/A/B, HOST/A, HOST
std::vector<std::string> keys_of(const std::string& host, const std::string& repository) {
  std::vector<std::string> keys;
  std::string path = host;
  path.append("/").append(repository);
  while (path.size() > host.size()) {
    keys.push_back(path);
    path.resize(path.rfind('/'));
  }
  keys.push_back(host);
  return keys;
}

const JsonValue* find_key(const JsonValue& object, const std::string& wanted, std::string* as_written) {
  for (const JsonMember& member : object.members)
    if (bare_key(member.name) == wanted) {
      if (as_written != nullptr) *as_written = member.name;
      return &member.value;
    }
  return nullptr;
}

std::optional<Login> login_of(const JsonValue& entry) {
  if (entry.kind != JsonValue::Kind::object) throw Refused("'auths' has an entry that is not an object");
  Login login;
  login.registry_token = entry.string_at("registrytoken");
  login.user = entry.string_at("username");
  login.secret = entry.string_at("password");
  const std::string auth = entry.string_at("auth");
  if (!auth.empty()) {
    const auto decoded = decoded_base64(auth);
    const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos) throw Refused("'auth' is not USER:PASSWORD in base64");
    login.user = decoded->substr(0, colon);
    login.secret = decoded->substr(colon + 1);
    while (login.secret.ends_with('\0')) login.secret.pop_back();  // as old docker login wrote them
  }
  const std::string identity = entry.string_at("identitytoken");
  if (!identity.empty()) {
    login.secret = identity;
    login.is_identity_token = true;
  }
  if (login.secret.empty() && login.registry_token.empty()) return std::nullopt;  // kept by a helper
  return login;
}

std::string checked_helper(const std::string& name) {
  const bool good = !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
                    std::all_of(name.begin(), name.end(), [](unsigned char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             c == '.' || c == '_' || c == '-';
                    });
  if (!good) throw Refused("'" + printable(name.substr(0, 100)) + "' is no name of a credential helper");
  return name;
}

}  // namespace

DockerEntry find_in_docker_config(std::string_view json, const std::string& host,
                                  const std::string& repository, const std::string& user) {
  DockerEntry entry;
  if (json.find_first_not_of(" \t\r\n") == json.npos) return entry;
  const JsonValue document = parse_json(json);
  if (document.kind != JsonValue::Kind::object) throw Refused("not a JSON object");
  const JsonValue* helpers = document.object_at("credHelpers");
  const JsonValue* auths = document.object_at("auths");
  for (const std::string& key : keys_of(host, repository)) {
    const JsonValue* helper =
        helpers != nullptr && entry.helper.empty() ? find_key(*helpers, key, &entry.server) : nullptr;
    if (helper != nullptr && helper->kind == JsonValue::Kind::string)
      entry.helper = checked_helper(helper->string);
    const JsonValue* found = auths != nullptr && !entry.login ? find_key(*auths, key, nullptr) : nullptr;
    if (found == nullptr) continue;
    entry.login = login_of(*found);
    if (entry.login && !user.empty() && entry.login->user != user) entry.login.reset();
  }
  const std::string store = document.string_at("credsStore");
  if (entry.helper.empty() && !store.empty()) {
    entry.helper = checked_helper(store);
    entry.server = host == kDockerHub ? kHubKey : host;
  }
  return entry;
}

std::optional<std::string> decoded_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const char* at = c == '\0' ? nullptr : std::find(kBase64, kBase64 + 64, c);
    if (at == nullptr || at == kBase64 + 64) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(at - kBase64)) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

std::string encoded_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t j = i; j < i + 3; ++j)
      bits = bits << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      out += i + j > bytes.size() ? '=' : kBase64[bits >> (18 - 6 * j) & 63];
  }
  return out;
}

}  // namespace sabot::images::registry
