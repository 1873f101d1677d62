// SPDX-License-Identifier: Apache-2.0
// endpoint.cc: see endpoint.h.
#include "images/registry/endpoint.h"

#include <algorithm>

#include "images/registry/certs.h"
#include "images/registry/name.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images::registry {
namespace {

constexpr int kRedirects = 5;

// Docker Hub's name is not its registry's.
std::string address_of(const std::string& host) { return host == kDockerHub ? "registry-1.docker.io" : host; }

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::vector<std::string> folders_of(const AccessRules& rules) {
  std::vector<std::string> folders = rules.certs;
  folders.insert(folders.end(), std::begin(kCertsFolders), std::end(kCertsFolders));
  return folders;
}

}  // namespace

Endpoint::Endpoint(EndpointPlace place, const AccessRules& rules, Credentials& credentials)
    : place_(std::move(place)),
      tls_(certificates_for(folders_of(rules), place_.host)),
      credentials_(credentials) {}

HttpResponse Endpoint::get(HttpClient& client, const std::string& path,
                           const std::vector<std::string>& headers, BodySink* sink, bool head) {
  HttpRequest request;
  request.url = base(client);
  request.url.target = "/v2/" + place_.repository + "/" + path;
  request.head = head;
  for (int round = 0;; ++round) {
    const std::string used = authorization();
    request.headers = headers;
    if (!used.empty()) request.headers.push_back(used);
    HttpResponse response = follow(client, request, sink);
    if (response.status != 401) return response;
    if (round == 2) refuse_access("grants no access, even with the token it asked for");
    authorize(client, response, used);
  }
}

/// Scheme and host, found out once. A server on loopback, or one that the site says may, speaks plain HTTP
/// where it does not know TLS; no other ever does.
Url Endpoint::base(HttpClient& client) {
  const std::lock_guard lock{mutex_};
  if (base_) return *base_;
  Url url = parse_authority(address_of(place_.host), true);
  if (is_loopback(url.host) || place_.plain_http_allowed) {
    HttpRequest probe;
    probe.url = url;
    probe.url.target = "/v2/";
    probe.tls = &tls_;
    try {
      client.send(probe);
    } catch (const HttpFailure& e) {
      const bool plain = e.kind == HttpFailure::Kind::not_tls || e.kind == HttpFailure::Kind::unreachable ||
                         e.kind == HttpFailure::Kind::passing;
      if (!plain) throw;
      url = parse_authority(address_of(place_.host), false);
    }
  }
  base_ = url;
  return url;
}

bool Endpoint::may_follow(const Url& from, const Url& to) const {
  if (to.tls) return true;
  if (from.tls) return false;
  return from.host == to.host || (is_loopback(from.host) && is_loopback(to.host));
}

/// Redirects, but the first request's Authorization goes to its own origin alone, and never comes back.
HttpResponse Endpoint::follow(HttpClient& client, HttpRequest request, BodySink* sink) const {
  TlsFiles tls = tls_;
  request.tls = &tls;
  for (int hop = 0;; ++hop) {
    HttpResponse response = client.send(request, sink);
    if (!is_redirect(response.status)) {
      if (hop > 0 && response.status == 401) response.status = 403;  // not the registry's own challenge
      return response;
    }
    if (hop == kRedirects) throw Refused(place_.host + " redirects more than 5 times");
    const Url next = resolve_location(request.url, response.header("location"));
    if (!may_follow(request.url, next))
      throw Refused(place_.host + " redirects to " + printable(next.text().substr(0, 200)) +
                    ", which is not TLS; not followed");
    if (next.host != request.url.host) tls.client_cert.clear();
    if (!next.same_origin(request.url))
      std::erase_if(request.headers, [](const std::string& h) { return h.starts_with("Authorization:"); });
    request.url = next;
  }
}

std::string Endpoint::authorization() {
  const std::lock_guard lock{mutex_};
  return authorization_;
}

void Endpoint::authorize(HttpClient& client, const HttpResponse& refused, const std::string& used) {
  const std::lock_guard lock{mutex_};
  if (authorization_ != used) return;  // another thread has asked meanwhile
  const auto headers = refused.headers.find("www-authenticate");
  const std::vector<Challenge> challenges =
      headers == refused.headers.end() ? std::vector<Challenge>{} : parse_challenges(headers->second);
  const auto find = [&](const char* scheme) {
    return std::find_if(challenges.begin(), challenges.end(),
                        [&](const Challenge& challenge) { return challenge.scheme == scheme; });
  };
  if (const auto bearer = find("bearer"); bearer != challenges.end()) {
    authorization_ = ask_for_token(client, *bearer, *base_);
    return;
  }
  if (find("basic") == challenges.end()) refuse_access("wants an authorization of a kind that is not known");
  if (!used.empty()) refuse_access("does not accept them");
  const Login* known = login();
  if (known == nullptr || known->is_identity_token) refuse_access("wants a user and a password");
  authorization_ = basic_header(*known);
}

/// Called with the lock held: who needs the same token waits for it.
std::string Endpoint::ask_for_token(HttpClient& client, const Challenge& challenge, const Url& registry) {
  const Login* known = login();
  if (known != nullptr && !known->registry_token.empty()) {
    if (!authorization_.empty()) refuse_access("does not accept the token");
    return "Authorization: Bearer " + known->registry_token;
  }
  HttpRequest request = token_request(challenge, registry, known);
  if (!may_follow(registry, request.url))
    throw Refused(place_.host + " sends for a token to " + printable(request.url.text().substr(0, 200)) +
                  ", which is not TLS");
  const Context doing{"token from " + request.url.host};
  const HttpResponse response = follow(client, std::move(request), nullptr);
  if (response.status == 401 || response.status == 403 || response.status == 400)
    refuse_access("gives no token");
  if (response.status != 200)
    throw HttpFailure(HttpFailure::Kind::passing, "HTTP status " + std::to_string(response.status));
  return parse_token(response.body);
}

const Login* Endpoint::login() {
  if (!login_) {
    static std::mutex credentials_mutex;  // one Credentials serves all endpoints of a pull
    const std::lock_guard lock{credentials_mutex};
    login_ = credentials_.find(place_.host, place_.repository, place_.user, place_.named_by_user);
    looked_at_ = credentials_.looked_at();
  }
  return *login_ ? &**login_ : nullptr;
}

void Endpoint::refuse_access(const char* why) {
  const Login* known = login_ && *login_ ? &**login_ : nullptr;
  const std::string tried =
      known != nullptr
          ? "user '" + printable(known->user) + "' from " + printable(known->origin)
          : "no credentials" + (place_.user.empty() ? "" : " for user '" + printable(place_.user) + "'") +
                " (looked at: " + looked_at_ + ")";
  throw Refused("the registry " + place_.host + " " + why + "; tried for " + place_.host + "/" +
                place_.repository + ": " + tried);
}

}  // namespace sabot::images::registry
