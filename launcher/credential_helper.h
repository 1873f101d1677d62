// SPDX-License-Identifier: Apache-2.0
// credential_helper.h: the programs `docker-credential-NAME` that keep a user's secrets for registries.
// Not here: which helper is asked for which registry (images/registry/credentials.h).
#pragma once

#include <optional>
#include <string>

#include "images/registry/credentials.h"

namespace sabot {

/// Run `docker-credential-NAME get` from PATH with `server` on its standard input, no shell, and without the
/// secrets in our environment. It has 30 seconds.
/// `name`      already checked to be a word
/// Returns     nothing where the helper says that it has none
/// Throws      Refused: it cannot be run, takes too long, fails, or answers no JSON object with a secret
/// Source      docker-credential-helpers' protocol
std::optional<images::registry::Login> ask_credential_helper(const std::string& name,
                                                             const std::string& server);

/// SABOT_REGISTRY_PASSWORD and what else a child or a pod must not see.
void forget_registry_secrets();

}  // namespace sabot
