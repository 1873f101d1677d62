// SPDX-License-Identifier: Apache-2.0
// url.h: an http or https address in its parts, so that hosts are compared by what will be connected to.
// Strict where servers choose the text: no user, no fragment, nothing but printable ASCII.
// Not here: fetching (http.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sabot::images::registry {

struct Url {
  bool tls = true;
  std::string host;        ///< lower case; an IPv6 address in brackets
  std::uint16_t port = 0;  ///< never 0 in a parsed one: the scheme's own where none is written
  std::string target;      ///< path and query; begins with `/`

  std::string text() const;
  bool same_origin(const Url& other) const {
    return tls == other.tls && host == other.host && port == other.port;
  }
};

/// Throws      Refused: another scheme, a user in it, a host of odd characters, longer than 8 KiB
Url parse_url(std::string_view text);

/// What a `Location` of `base` names: a whole URL, or a path of the same host. Throws Refused as above.
Url resolve_location(const Url& base, std::string_view location);

/// `HOST` or `HOST:PORT`. Throws Refused.
Url parse_authority(std::string_view text, bool tls);

/// `localhost`, 127.0.0.0/8, [::1]: what never leaves this machine.
bool is_loopback(std::string_view host);

/// Percent-encoded for a query.
std::string url_encoded(std::string_view text);

}  // namespace sabot::images::registry
