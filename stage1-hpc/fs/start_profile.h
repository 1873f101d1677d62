// SPDX-License-Identifier: Apache-2.0
// start_profile.h: which blocks of an image its first runs read, as a file that a later start reads ahead by.
// Only a hint: one that is stale or forged costs time and never changes what a reader gets, because a block
// is named by place, size and kind in the image. Not here: reading ahead (read_ahead.h), which file
// (launcher/profile_file.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs/block_source.h"

namespace sabot {

inline constexpr std::size_t kProfileBlocksMax = 16384;
inline constexpr unsigned kProfileRunsMax = 3;  // after so many, no run is recorded any more
/// The largest file that is written or read.
inline constexpr std::size_t kProfileBytesMax = 24 + 12 * kProfileBlocksMax;

struct StartProfile {
  unsigned runs = 0;
  std::vector<StoredBlock> blocks;  // in the order they were first read

  bool operator==(const StartProfile&) const = default;
};

/// `SABOTPF1`, runs, number of blocks, a checksum of the rest; per block its position (u64), its stored size
/// with 2^31 set where it is compressed (u32). Little endian.
std::string encode_profile(const StartProfile& profile);
/// Nothing for what encode_profile() does not write: too long, cut short, torn by a crash.
std::optional<StartProfile> decode_profile(std::string_view bytes);
/// `old` and what one more run has read: its new blocks come last, and none once the list is full. Much news
/// is another program's start: it counts as the first run.
StartProfile merge(StartProfile old, const std::vector<StoredBlock>& read);

/// From `fd`, which may be -1: a profile without blocks where there is none to be believed.
StartProfile load_profile(int fd) noexcept;
/// Over what `fd` holds. Failing is no matter: the next run reads as this one did.
void store_profile(int fd, const StartProfile& profile) noexcept;

}  // namespace sabot
