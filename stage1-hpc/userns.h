// SPDX-License-Identifier: Apache-2.0
// userns.h: the user namespace that gives an ordinary user the right to mount, and what is given up after it.
#pragma once

#include <sys/types.h>

namespace sabot {

/// Move this (single-threaded) process into a new user namespace in which the caller's uid and gid, and only
/// they, exist, under the names `inside_uid` and `inside_gid`. Throws Error; EPERM and ENOSPC name the
/// setting that forbids it. Source: user_namespaces(7).
void enter_user_namespace(uid_t inside_uid, gid_t inside_gid);

/// Empty all capability sets of the calling thread, set no_new_privs and close /proc/PID to the user's other
/// processes. Before other threads start.
void drop_all_privileges();

}  // namespace sabot
