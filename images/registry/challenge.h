// SPDX-License-Identifier: Apache-2.0
// challenge.h: how a registry wants to be asked: its WWW-Authenticate headers.
// Not here: getting a token (token.h), whose password (credentials.h).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sabot::images::registry {

struct Challenge {
  std::string scheme;                             ///< in lower case: `basic`, `bearer`
  std::map<std::string, std::string> parameters;  ///< names in lower case: realm, service, scope
};

/// All challenges of all headers, in order; each header may hold several. What cannot be understood ends
/// its header. At most 16 are kept, with 16 parameters of 4 KiB each.
/// Source      RFC 9110, 11.6.1; pure
std::vector<Challenge> parse_challenges(const std::vector<std::string>& headers);

}  // namespace sabot::images::registry
