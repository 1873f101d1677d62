// SPDX-License-Identifier: Apache-2.0
// endpoint.h: one host that serves one repository: asked with the right scheme, certificates, authorization,
// and redirects that take no secret along.
// Not here: several hosts for one repository (registry.h), trying again (retry.h), blobs on disk
// (download.h).
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "images/registry/access.h"
#include "images/registry/http.h"
#include "images/registry/token.h"

namespace sabot::images::registry {

struct EndpointPlace {
  std::string host;        ///< HOST[:PORT], as messages name it
  std::string repository;  ///< there
  std::string user;        ///< whose credentials; empty: the first found
  bool named_by_user = true;
  bool plain_http_allowed = false;  ///< by the site; loopback is allowed anyway
};

/// May be used by several threads at once, each with an HttpClient of its own.
class Endpoint {
 public:
  /// `credentials` is borrowed.
  Endpoint(EndpointPlace place, const AccessRules& rules, Credentials& credentials);

  /// GET (or HEAD) /v2/REPOSITORY/`path`, with `headers` besides our own. Any answer but 401 and redirects is
  /// returned. Throws HttpFailure, or Refused: no credentials, wrong ones, a redirect that is not followed
  HttpResponse get(HttpClient& client, const std::string& path, const std::vector<std::string>& headers,
                   BodySink* sink, bool head = false);

  const std::string& host() const { return place_.host; }
  const std::string& repository() const { return place_.repository; }

 private:
  Url base(HttpClient& client);
  HttpResponse follow(HttpClient& client, HttpRequest request, BodySink* sink) const;
  bool may_follow(const Url& from, const Url& to) const;
  std::string authorization();
  void authorize(HttpClient& client, const HttpResponse& refused, const std::string& used);
  std::string ask_for_token(HttpClient& client, const Challenge& challenge, const Url& registry);
  const Login* login();
  [[noreturn]] void refuse_access(const char* why);

  EndpointPlace place_;
  TlsFiles tls_;
  Credentials& credentials_;
  std::mutex mutex_;  // of all below
  std::optional<Url> base_;
  std::optional<std::optional<Login>> login_;
  std::string looked_at_;
  std::string authorization_;  // a whole header; empty: none yet
};

}  // namespace sabot::images::registry
