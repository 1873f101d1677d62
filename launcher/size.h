// SPDX-License-Identifier: Apache-2.0
// size.h: sizes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sabot {

/// "4G", "512M", "1024": bytes. Powers of 1024. Nothing where it is none.
std::optional<std::uint64_t> parse_size(const std::string& text);

}  // namespace sabot
