// SPDX-License-Identifier: Apache-2.0
// duration.cc: see duration.h.
#include "duration.h"

#include <charconv>
#include <limits>
#include <string_view>

namespace sabot {

std::optional<std::int64_t> parse_duration(const std::string& text) {
  static constexpr std::string_view kUnits = "smhdw";
  static constexpr std::int64_t kSeconds[] = {1, 60, 3600, 86400, 604800};
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, err] = std::from_chars(text.data(), end, value);
  if (err != std::errc{} || value < 0 || rest == end || rest + 1 != end) return std::nullopt;
  const std::size_t unit = kUnits.find(*rest);
  if (unit == kUnits.npos || value > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return value * kSeconds[unit];
}

}  // namespace sabot
