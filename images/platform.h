// SPDX-License-Identifier: Apache-2.0
// platform.h: which machine an image is for: architecture and variant as OCI spells them, and whether another
// machine runs it. Not here: choosing an image by it (image_choice.h).
#pragma once

#include <string>

namespace sabot::images {

/// Linux always; `architecture` as GOARCH, `variant` as in image-index.md: v1 to v4 of amd64, v5 to v9 of
/// arm.
struct Platform {
  std::string architecture;
  std::string variant;  ///< empty: the least there is
};

/// This machine: GOARCH, or uname's word where Go has none; the highest level of amd64 that it has.
Platform host_platform();

/// `amd64`, `arm64/v8`, `linux/arm64/v8`: what --arch and --platform take. Empty: this machine.
/// Throws Refused for what has other characters than letters, digits and one slash.
Platform parse_platform(const std::string& text);

/// How good an image for `offered` is on `machine`: higher is better, -1 is not at all. Of two images that
/// both run, the one built for the higher level is better.
int fitness(const Platform& machine, const Platform& offered);

}  // namespace sabot::images
