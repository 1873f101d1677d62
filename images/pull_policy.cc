// SPDX-License-Identifier: Apache-2.0
// pull_policy.cc: see pull_policy.h.
#include "images/pull_policy.h"

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {

PullPolicy parse_pull_policy(const std::string& word) {
  if (word == "new") return PullPolicy::fresh;
  if (word == "update") return PullPolicy::update;
  if (word == "never") return PullPolicy::never;
  throw Refused("'" + printable(word) + "' is no pull policy; write new, update or never");
}

std::string to_word(PullPolicy policy) {
  return policy == PullPolicy::fresh ? "new" : policy == PullPolicy::update ? "update" : "never";
}

bool must_ask_registry(PullPolicy policy, bool in_store, bool by_digest, const std::string& reference) {
  if (in_store) return policy == PullPolicy::update && !by_digest;
  if (policy == PullPolicy::never)
    throw Refused("'" + printable(reference) +
                  "' is not in the store, and the pull policy is never; fetch it first: sabot fetch " +
                  printable(reference));
  return true;
}

}  // namespace sabot::images
