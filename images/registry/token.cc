// SPDX-License-Identifier: Apache-2.0
// token.cc: see token.h.
#include "images/registry/token.h"

#include <algorithm>

#include "images/json.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images::registry {
namespace {

constexpr std::size_t kTokenBytes = std::size_t{16} << 10;
constexpr std::size_t kAnswerBytes = std::size_t{64} << 10;

std::string parameter(const Challenge& challenge, const char* name) {
  const auto found = challenge.parameters.find(name);
  return found == challenge.parameters.end() ? "" : found->second;
}

// b64token of RFC 6750, and what else a header may hold; never a blank or a line's end.
bool is_token(std::string_view token) {
  return !token.empty() && token.size() <= kTokenBytes &&
         std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// One parameter for each of the scopes, which a challenge joins with blanks.
std::string query_of(const Challenge& challenge) {
  std::string query;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) query += (query.empty() ? "" : "&") + name + "=" + url_encoded(value);
  };
  add("service", parameter(challenge, "service"));
  std::string scopes = parameter(challenge, "scope");
  for (std::size_t end = 0; !scopes.empty(); scopes.erase(0, end + (end < scopes.size() ? 1 : 0))) {
    end = std::min(scopes.find(' '), scopes.size());
    add("scope", scopes.substr(0, end));
  }
  return query;
}

}  // namespace

std::string parse_token(std::string_view json) {
  if (json.size() > kAnswerBytes) throw Refused("a token of more than 64 KiB");
  const JsonValue answer = parse_json(json);
  if (answer.kind != JsonValue::Kind::object) throw Refused("not a JSON object");
  std::string token = answer.string_at("token");
  if (token.empty()) token = answer.string_at("access_token");
  if (!is_token(token)) throw Refused("no usable token in the answer");
  return "Authorization: Bearer " + token;
}

bool may_send_secret(const Url& registry, const Url& realm) {
  if (registry.tls && !realm.tls) return false;
  if (registry.host == realm.host) return true;
  if (is_loopback(registry.host) && is_loopback(realm.host)) return true;
  return registry.tls && realm.tls;
}

HttpRequest token_request(const Challenge& challenge, const Url& registry, const Login* login) {
  HttpRequest request;
  request.url = parse_url(parameter(challenge, "realm"));
  if (login != nullptr && !may_send_secret(registry, request.url))
    throw Refused("the registry sends for a token to " + request.url.text() +
                  ", where the password is not sent: it is another host, and not all is TLS");
  const std::string query = query_of(challenge);
  if (login != nullptr && login->is_identity_token) {
    request.form = "grant_type=refresh_token&client_id=sabot&refresh_token=" + url_encoded(login->secret) +
                   (query.empty() ? "" : "&") + query;
    return request;
  }
  if (!query.empty())
    request.url.target += (request.url.target.find('?') == std::string::npos ? "?" : "&") + query;
  if (login != nullptr) request.headers.push_back(basic_header(*login));
  return request;
}

std::string basic_header(const Login& login) {
  return "Authorization: Basic " + encoded_base64(login.user + ":" + login.secret);
}

}  // namespace sabot::images::registry
