// SPDX-License-Identifier: Apache-2.0
// retry.h: whether a request that failed is worth another try, and when. Bounded in number and in time.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "images/registry/http.h"

namespace sabot::images::registry {

/// Answers that another try may change.
bool is_passing(long status);

/// What `Retry-After` asks for, from `now_s` (seconds since 1970) on: seconds, or a date of RFC 9110. 0 for
/// none, for what is past and for what is neither. Pure
long retry_after_s(const std::string& header, std::int64_t now_s);

/// The tries of one request.
class Retry {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Retry(const std::atomic<bool>* stop = nullptr) : stop_(stop) {}

  /// Wait until the next try; false where there shall be none: too many, or longer than a user would wait.
  /// `asked_s`   what the server asked for; 0: our own, which doubles
  bool again(long asked_s);
  /// So much got through that the counting begins anew.
  void progressed() { tries_ = 0; }

 private:
  const std::atomic<bool>* stop_;
  int tries_ = 0;
  long waited_s_ = 0;
};

}  // namespace sabot::images::registry
