// SPDX-License-Identifier: Apache-2.0
// duration.h: how long, as people write it. Not here: how much (size.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sabot {

/// "90s", "30m", "12h", "7d", "2w": seconds. Nothing where it is none.
std::optional<std::int64_t> parse_duration(const std::string& text);

}  // namespace sabot
