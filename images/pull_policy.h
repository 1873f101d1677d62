// SPDX-License-Identifier: Apache-2.0
// pull_policy.h: when a registry is asked what a tag means now, and when the store's own answer will do.
// Not here: asking (registry/), the store's record of a tag (store_tags.h).
#pragma once

#include <string>

namespace sabot::images {

enum class PullPolicy {
  fresh,   ///< `new`: the registry is asked for a tag that the store has no image of
  update,  ///< `update`: it is asked each time; only what changed is fetched
  never,   ///< `never`: the store answers, or nobody does
};

/// `new`, `update` or `never`. Throws Refused for another word.
PullPolicy parse_pull_policy(const std::string& word);
std::string to_word(PullPolicy policy);

/// Whether the registry must be asked about `reference`. With `in_store` the store has an image of it: what
/// find_tag() says, or for a reference with a digest any image of that digest, which never changes.
/// Throws      Refused where it must not be asked and the store has none
bool must_ask_registry(PullPolicy policy, bool in_store, bool by_digest, const std::string& reference);

}  // namespace sabot::images
