// SPDX-License-Identifier: Apache-2.0
// pin_words.h: what --container-pin may say, in the order of placement::Pin. Not here: what it means
// (placement/placement.h).
#pragma once

namespace sabot {

inline constexpr const char* kPinWords[] = {"auto", "none", "core", "l3", "numa", "socket", "gpu"};

}  // namespace sabot
