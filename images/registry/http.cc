// SPDX-License-Identifier: Apache-2.0
// http.cc: the one file that includes libcurl. See http.h.
#include "images/registry/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <exception>
#include <mutex>

#include "sys/files.h"

namespace sabot::images::registry {
namespace {

constexpr long kConnectTimeout_s = 10;  // of each request; curl tries the host's next address meanwhile
constexpr long kSlowBytesPerSecond = 1000;
constexpr long kSlow_s = 30;             // so slow for so long is given up
constexpr long kDocumentTimeout_s = 60;  // a whole request whose body no sink takes
constexpr long kReceiveBytes = 256 * 1024;

struct Exchange {
  HttpResponse response;
  BodySink* sink = nullptr;
  const std::atomic<bool>* stop = nullptr;
  std::size_t header_bytes = 0;
  bool begun = false;
  bool takes_body = false;
  const char* limit = nullptr;  // which of ours was broken
  std::exception_ptr failed;
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.remove_suffix(1);
  return text;
}

// Each line of the headers; a new answer (after a 100 Continue) begins with its status line.
std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* self) noexcept try {
  auto* exchange = static_cast<Exchange*>(self);
  const std::string_view line(bytes, count);
  exchange->header_bytes += count;
  if (exchange->header_bytes > kHttpHeaderBytes) {
    exchange->limit = "more than 64 KiB of headers";
    return 0;
  }
  if (line.starts_with("HTTP/")) exchange->response.headers.clear();
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return count;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  exchange->response.headers[name].emplace_back(trimmed(line.substr(colon + 1)));
  return count;
} catch (...) {
  return 0;
}

std::size_t on_body(Exchange& exchange, CURL* curl, std::span<const std::uint8_t> bytes) {
  if (!exchange.begun) {
    exchange.begun = true;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange.response.status);
    exchange.takes_body = exchange.sink != nullptr && exchange.sink->begin(exchange.response);
  }
  if (exchange.takes_body) {
    exchange.sink->write(bytes);
    return bytes.size();
  }
  std::string& body = exchange.response.body;
  if (body.size() + bytes.size() > kHttpBodyBytes) {
    exchange.limit = "more than the limit of 4 MiB for a document";
    return 0;
  }
  body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return bytes.size();
}

struct Call {
  Exchange exchange;
  CURL* curl;
};

std::size_t on_bytes(char* bytes, std::size_t, std::size_t count, void* self) noexcept {
  auto* call = static_cast<Call*>(self);
  try {
    return on_body(call->exchange, call->curl, {reinterpret_cast<const std::uint8_t*>(bytes), count});
  } catch (...) {
    call->exchange.failed = std::current_exception();
    return 0;
  }
}

int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  const auto* stop = static_cast<const std::atomic<bool>*>(self);
  return stop != nullptr && stop->load() ? 1 : 0;
}

HttpFailure::Kind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
      return HttpFailure::Kind::not_tls;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
      return HttpFailure::Kind::unreachable;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return HttpFailure::Kind::passing;
    default:
      return HttpFailure::Kind::lasting;
  }
}

struct HeaderList {
  curl_slist* list = nullptr;
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    list = longer;
  }
};

void set_tls(CURL* curl, const TlsFiles* tls) {
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (const char* file = std::getenv("SSL_CERT_FILE")) curl_easy_setopt(curl, CURLOPT_CAINFO, file);
  if (const char* folder = std::getenv("SSL_CERT_DIR")) curl_easy_setopt(curl, CURLOPT_CAPATH, folder);
  if (tls == nullptr) return;
  if (!tls->ca_pem.empty()) {  // the system's directory of hashed certificates holds beside them
    curl_blob blob{const_cast<char*>(tls->ca_pem.data()), tls->ca_pem.size(), CURL_BLOB_COPY};
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (!tls->client_cert.empty()) {
    curl_easy_setopt(curl, CURLOPT_SSLCERT, tls->client_cert.c_str());
    curl_easy_setopt(curl, CURLOPT_SSLKEY, tls->client_key.c_str());
  }
}

void set_request(CURL* curl, const HttpRequest& request, const HeaderList& headers, bool streams) {
  curl_easy_setopt(curl, CURLOPT_URL, request.url.text().c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectTimeout_s);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kSlowBytesPerSecond);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kSlow_s);
  if (!streams) curl_easy_setopt(curl, CURLOPT_TIMEOUT, kDocumentTimeout_s);
  curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, kReceiveBytes);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "sabot");
  curl_easy_setopt(curl, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // none for a proxy
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
  if (is_loopback(request.url.host)) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  if (request.head) curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (!request.form.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.form.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.form.c_str());
  }
  set_tls(curl, request.tls);
}

void set_callbacks(CURL* curl, Call& call, char* error) {
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &call.exchange);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &call);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(call.exchange.stop));
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second.front();
}

HttpClient::HttpClient(const std::atomic<bool>* stop) : stop_(stop) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  curl_ = curl_easy_init();
  if (curl_ == nullptr) throw Refused("libcurl cannot be started");
}

HttpClient::~HttpClient() { curl_easy_cleanup(curl_); }

HttpResponse HttpClient::send(const HttpRequest& request, BodySink* sink) {
  CURL* curl = curl_;
  curl_easy_reset(curl);  // connections stay
  HeaderList headers;
  for (const std::string& line : request.headers) headers.add(line);
  char error[CURL_ERROR_SIZE] = "";
  Call call{{}, curl};
  call.exchange.sink = sink;
  call.exchange.stop = stop_;
  set_request(curl, request, headers, sink != nullptr);
  set_callbacks(curl, call, error);
  const CURLcode code = curl_easy_perform(curl);
  if (call.exchange.failed) std::rethrow_exception(call.exchange.failed);
  if (code != CURLE_OK) {
    const std::string why = call.exchange.limit != nullptr ? call.exchange.limit
                            : *error != '\0'               ? error
                                                           : curl_easy_strerror(code);
    throw HttpFailure(kind_of(code), request.url.host + ": " + printable(why));
  }
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &call.exchange.response.status);
  if (!call.exchange.begun && sink != nullptr) sink->begin(call.exchange.response);  // a body of no bytes
  return std::move(call.exchange.response);
}

}  // namespace sabot::images::registry
