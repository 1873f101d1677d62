// SPDX-License-Identifier: Apache-2.0
// rank_entry.h: how a process asks for its pod and becomes a rank in it. libc alone, no exceptions, no heap:
// it runs in the task child of slurmstepd, and in `sabot run`.
// Not here: building the pod (keeper.h), where ranks and keeper meet (rendezvous.h).
#pragma once

#include <stddef.h>
#include <unistd.h>

#include "protocol.h"
#include "rendezvous.h"

namespace sabot {

/// One line for the user, filled by the function that failed.
struct FailureText {
  char text[1024];
};

/// What entering needs beyond the request itself. All strings are borrowed.
struct EntryPlan {
  const char* stage0_program;  // absolute path of sabot
  const char* config_file;     // site configuration handed to it
  int timeout_ms;              // for the whole of building the pod and admission
};

/// Descriptors of a pod's namespaces: user, mount, and others that were asked for; -1 behind the last.
inline constexpr int kNamespaceFds = 6;

/// Ask for the pod that `request` describes. On success `reply` holds the admitted message and `ns_fds` the
/// namespaces, owned by the caller. On failure returns false, `why` says one line.
/// The one rank that is elected starts stage0, reaps its first process and has no child afterwards.
/// `place` is closed either way.
bool ask_for_pod(const EntryPlan& plan, Rendezvous* place, const MessageWriter& request, char* reply_buffer,
                 MessageReader* reply, int ns_fds[kNamespaceFds], FailureText* why);

/// Join the namespaces, go to the working directory and give up every privilege: no_new_privs, capability
/// sets empty. `privileged`: keep the capabilities, which reach no further than the pod's own namespaces.
/// Irreversible; after false the process must not run anything but _exit. The caller must be single-threaded.
/// Source: setns(2), capabilities(7).
bool enter_pod(const int ns_fds[kNamespaceFds], const char* workdir, bool privileged, FailureText* why);

/// The second half of it, for who is in the namespaces already because it made them.
bool settle_in_pod(const char* workdir, bool privileged, FailureText* why);

}  // namespace sabot
