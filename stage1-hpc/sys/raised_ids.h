// SPDX-License-Identifier: Apache-2.0
// raised_ids.h: whether this program was made setuid or setgid. None of ours is built for it: each believes
// its environment and its options, which would then be a stranger's.
#pragma once

#include <unistd.h>

namespace sabot {

/// What to say where has_raised_ids().
inline constexpr char kRaisedIds[] = "it must not be installed setuid or setgid; chmod ug-s it";

/// True where real, effective and saved ids differ. Not AT_SECURE: a security module's transition sets that,
/// too.
inline bool has_raised_ids() {
  uid_t uids[3];
  gid_t gids[3];
  return ::getresuid(&uids[0], &uids[1], &uids[2]) == -1 || ::getresgid(&gids[0], &gids[1], &gids[2]) == -1 ||
         uids[0] != uids[1] || uids[1] != uids[2] || gids[0] != gids[1] || gids[1] != gids[2];
}

}  // namespace sabot
