// SPDX-License-Identifier: Apache-2.0
// size.cc: see size.h.
#include "size.h"

#include <charconv>
#include <limits>
#include <string_view>

namespace sabot {

std::optional<std::uint64_t> parse_size(const std::string& text) {
  static constexpr std::string_view kUnits = "KMGT";
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, err] = std::from_chars(text.data(), end, value);
  if (err != std::errc{} || rest == text.data()) return std::nullopt;
  if (rest == end) return value;
  const std::size_t unit = kUnits.find(*rest);
  if (unit == kUnits.npos || rest + 1 != end) return std::nullopt;
  const unsigned shift = 10 * (static_cast<unsigned>(unit) + 1);
  if (value > std::numeric_limits<std::uint64_t>::max() >> shift) return std::nullopt;
  return value << shift;
}

}  // namespace sabot
