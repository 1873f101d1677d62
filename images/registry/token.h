// SPDX-License-Identifier: Apache-2.0
// token.h: a registry's challenge turned into the Authorization header that answers it.
// Not here: when a token is needed or renewed (endpoint.h).
#pragma once

#include <string>
#include <vector>

#include "images/registry/challenge.h"
#include "images/registry/credentials.h"
#include "images/registry/http.h"

namespace sabot::images::registry {

/// `Authorization: Bearer ...` of what a server answers to a request for a token. How long it lasts is not
/// looked at: a registry says 401 when it is over, and another is got.
/// Throws      Refused: not JSON, no token, one of more than 16 KiB or of bytes a header cannot have
/// Source      distribution's token specification; pure
std::string parse_token(std::string_view json);

/// Whether a password for the registry at `registry` may be sent to `realm`: to its own host; to another one
/// only over TLS, and only if the registry itself was reached over TLS. Pure
bool may_send_secret(const Url& registry, const Url& realm);

/// What is asked of a token server, which is not sent here.
/// `login`     may be null: anonymous
/// Throws      Refused: a realm that is no address, one that may not see the password
HttpRequest token_request(const Challenge& challenge, const Url& registry, const Login* login);

/// `Authorization: Basic ...`
std::string basic_header(const Login& login);

}  // namespace sabot::images::registry
