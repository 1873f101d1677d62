// SPDX-License-Identifier: Apache-2.0
// retry.cc: see retry.h.
#include "images/registry/retry.h"

#include <ctime>

#include <algorithm>
#include <charconv>
#include <random>
#include <thread>

namespace sabot::images::registry {
namespace {

constexpr int kTries = 6;
constexpr long kLongestWait_s = 60;  // a server that asks for more is not waited for
constexpr long kAllWaits_s = 300;
constexpr std::chrono::milliseconds kFirstWait{250};

// Up to half of it more, so that a thousand nodes do not come back at once.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds wait) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return wait + wait * static_cast<int>(random() % 50) / 100;
}

}  // namespace

bool is_passing(long status) {
  constexpr long kPassing[] = {408, 425, 429, 500, 502, 503, 504};
  return std::find(std::begin(kPassing), std::end(kPassing), status) != std::end(kPassing);
}

long retry_after_s(const std::string& header, std::int64_t now_s) {
  long seconds = 0;
  const char* end = header.data() + header.size();
  const auto [rest, error] = std::from_chars(header.data(), end, seconds);
  if (rest == end && error == std::errc{}) return std::max(0L, seconds);
  if (rest == end && error == std::errc::result_out_of_range) return kAllWaits_s + 1;
  std::tm date{};
  if (::strptime(header.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date) == nullptr) return 0;
  return std::max(std::int64_t{0}, static_cast<std::int64_t>(::timegm(&date)) - now_s);
}

bool Retry::again(long asked_s) {
  if (++tries_ >= kTries || asked_s > kLongestWait_s) return false;
  auto wait = with_jitter(kFirstWait * (1 << (tries_ - 1)));
  if (asked_s > 0) wait = std::chrono::seconds(asked_s) + std::chrono::milliseconds(wait.count() / 10);
  waited_s_ += std::chrono::ceil<std::chrono::seconds>(wait).count();
  if (waited_s_ > kAllWaits_s) return false;
  for (const auto until = Clock::now() + wait; Clock::now() < until;) {
    if (stop_ != nullptr && stop_->load()) return false;
    std::this_thread::sleep_for(std::min(wait, std::chrono::milliseconds(50)));
  }
  return true;
}

}  // namespace sabot::images::registry
