// SPDX-License-Identifier: Apache-2.0
// url.cc: see url.h.
#include "images/registry/url.h"

#include <algorithm>
#include <charconv>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images::registry {
namespace {

constexpr std::size_t kUrlBytes = 8192;

[[noreturn]] void refuse(std::string_view text, const char* why) {
  throw Refused("the address '" + printable(text.substr(0, 200)) + "' " + why);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    return host.size() <= 48 &&
           host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
  return !host.empty() && host.size() <= 253 && host.front() != '-' && host.front() != '.' &&
         std::all_of(host.begin(), host.end(), is_host_byte);
}

// "host", "host:port", "[v6]", "[v6]:port" into `url`; false where it is none.
bool split_authority(std::string_view text, Url& url) {
  std::size_t end = text.find(':');
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == text.npos) return false;
    ++end;
  }
  url.host = text.substr(0, end);
  std::transform(url.host.begin(), url.host.end(), url.host.begin(), lower);
  url.port = url.tls ? 443 : 80;
  if (!is_host(url.host)) return false;
  if (end >= text.size()) return true;
  const std::string_view digits = text.substr(end + 1);
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
  return text[end] == ':' && error == std::errc{} && rest == digits.data() + digits.size() && url.port != 0;
}

void check_target(std::string_view text, std::string_view target) {
  for (const char c : target)
    if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\') refuse(text, "has characters no address has");
}

}  // namespace

std::string Url::text() const {
  const bool own_port = port == (tls ? 443 : 80);
  return std::string(tls ? "https://" : "http://") + host + (own_port ? "" : ":" + std::to_string(port)) +
         target;
}

Url parse_url(std::string_view text) {
  if (text.size() > kUrlBytes) refuse(text, "is longer than 8192 bytes");
  Url url;
  std::string scheme(text.substr(0, text.find("://")));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), lower);
  if (scheme != "https" && scheme != "http") refuse(text, "is neither http nor https");
  url.tls = scheme == "https";
  const std::string_view rest = text.substr(scheme.size() + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (!split_authority(rest.substr(0, end), url)) refuse(text, "has no plain host in it");
  url.target = rest.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  check_target(text, url.target);
  return url;
}

Url resolve_location(const Url& base, std::string_view location) {
  if (location.size() > kUrlBytes) refuse(location, "is longer than 8192 bytes");
  if (location.starts_with("//")) return parse_url((base.tls ? "https:" : "http:") + std::string(location));
  if (location.find("://") != location.npos && !location.starts_with('/')) return parse_url(location);
  if (!location.starts_with('/')) refuse(location, "is no whole one, and no path");
  Url url = base;
  url.target = location;
  check_target(location, url.target);
  return url;
}

Url parse_authority(std::string_view text, bool tls) {
  Url url;
  url.tls = tls;
  url.target = "/";
  if (!split_authority(text, url))
    throw Refused("'" + printable(text.substr(0, 200)) + "' is no HOST[:PORT]");
  return url;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

std::string url_encoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace sabot::images::registry
