// SPDX-License-Identifier: Apache-2.0
// pull.h: an image of a registry into the store, or out of it: what the pull policy says about asking, what a
// tag stands for, and the import where the store does not have it.
// Not here: the policy (images/pull_policy.h), the records (images/store_tags.h), the import
// (images/import.h).
#pragma once

#include <string>

#include "images/progress.h"
#include "images/pull_policy.h"
#include "images/registry/access.h"
#include "images/store.h"

namespace sabot::images::registry {

struct PullRequest {
  Reference source;  ///< of the kind registry
  ImportOptions options;
  std::string name;  ///< in the store, to stand for the image; may be empty
  PullPolicy policy = PullPolicy::fresh;
  AccessRules rules;
  CredentialHelper helper;  ///< empty: no credential helper is run
};

/// `result`     as of Store::import; its notes say too what is wrong with files of credentials
/// `progress`   may be null; borrowed
/// Throws       Refused: the policy forbids to ask and the store has none; what Registry, RegistryImage,
///              Store::import throw. Downloads stay in the store then, for the next try
ImageRecord pull(Store& store, const PullRequest& request, Progress* progress, ImportResult* result);

}  // namespace sabot::images::registry
