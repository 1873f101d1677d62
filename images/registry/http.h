// SPDX-License-Identifier: Apache-2.0
// http.h: one HTTP request and its answer. The only file behind it that knows libcurl is http.cc.
// A redirect is an answer like any other: who asked decides whether to follow (endpoint.h).
// Not here: authorization, retries.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "images/registry/url.h"
#include "sys/error.h"

namespace sabot::images::registry {

/// What TLS to a host trusts and shows, besides the system's certificates.
struct TlsFiles {
  std::string ca_pem;       ///< certificates themselves, one after the other; empty: the system's alone
  std::string client_cert;  ///< a file; empty: none
  std::string client_key;   ///< a file
};

struct HttpRequest {
  Url url;
  std::vector<std::string> headers;  ///< `Name: value`
  std::string form;                  ///< not empty: POST of this, urlencoded
  bool head = false;
  const TlsFiles* tls = nullptr;  ///< borrowed; may be null
};

struct HttpResponse {
  long status = 0;
  std::map<std::string, std::vector<std::string>> headers;  ///< names in lower case
  std::string body;                                         ///< where no sink took it

  /// The first header of that name; empty where there is none.
  std::string header(const std::string& name) const;
};

/// Takes a body as it comes. What it throws ends the request and is thrown by it.
struct BodySink {
  virtual ~BodySink() = default;
  /// After the headers. False: the body goes to HttpResponse::body.
  virtual bool begin(const HttpResponse& response) = 0;
  virtual void write(std::span<const std::uint8_t> bytes) = 0;
};

/// No answer, or half of one.
struct HttpFailure : Refused {
  enum class Kind {
    passing,      ///< may work when tried again: connections, timeouts, bodies cut short
    not_tls,      ///< the server does not speak TLS
    unreachable,  ///< nobody listens there; worth another try too
    lasting,      ///< certificates, names, our own limits
  };
  HttpFailure(Kind which, std::string_view why) : Refused(why), kind(which), reason(why) {}
  Kind kind;
  std::string reason;  ///< without the context in front of it
};

/// A body that no sink takes, and all headers of an answer, may have so many bytes.
inline constexpr std::size_t kHttpBodyBytes = (std::size_t{4} << 20) + 1;
inline constexpr std::size_t kHttpHeaderBytes = std::size_t{64} << 10;

/// One connection at a time, kept open between requests. For one thread.
class HttpClient {
 public:
  /// `stop`  borrowed; set by another thread, it ends a request within a second. May be null
  explicit HttpClient(const std::atomic<bool>* stop = nullptr);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// `sink` may be null.
  /// Throws      HttpFailure, or what the sink throws
  HttpResponse send(const HttpRequest& request, BodySink* sink = nullptr);

 private:
  void* curl_;
  const std::atomic<bool>* stop_;
};

}  // namespace sabot::images::registry
