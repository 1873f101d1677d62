// SPDX-License-Identifier: Apache-2.0
// node_facts.h: what a node says about itself, and which of it explains a step of the launch that failed.
// Not here: trying the steps (check.cc). Everything but the read_ functions is pure.
#pragma once

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace sabot {

/// The steps of a launch that the kernel may refuse, in the order of the launch.
enum class LaunchStep : char {
  user_namespace,
  fuse_device,
  privileges,
  mount_namespace,
  host_mounts,
  tmpfs,
  fuse_mount,
  overlay,
  pivot,
  enter,
};

struct NodeFacts {
  std::optional<long> userns_clone;         ///< sysctl kernel.unprivileged_userns_clone; Debian's
  std::optional<long> apparmor_restricts;   ///< sysctl kernel.apparmor_restrict_unprivileged_userns; Ubuntu's
  std::optional<long> max_user_namespaces;  ///< sysctl user.max_user_namespaces
  std::optional<long> max_mount_namespaces;  ///< sysctl user.max_mnt_namespaces
  bool seccomp_filter = false;               ///< a filter is on this process: an outer container's, mostly
  bool in_chroot = false;                    ///< the root is no mount of this namespace
  bool root_is_initramfs = false;            ///< nothing can be pivoted away from it
  std::optional<mode_t> fuse_mode;           ///< st_mode of /dev/fuse; nothing where it is missing
  bool fuse_is_device = false;               ///< and it is the character device 10:229
};
NodeFacts read_node_facts();

/// True for the character device 10:229. Source: Documentation/admin-guide/devices.txt.
bool is_fuse_device(const struct stat& st);

/// `mountinfo` as in /proc/self/mountinfo: fills in_chroot and root_is_initramfs. Source: proc(5).
void judge_root(const std::string& mountinfo, NodeFacts& facts);

/// What an administrator can do about `step` having failed with `err` (0: no errno). One line, never empty.
std::string remedy_for(LaunchStep step, int err, const NodeFacts& facts);

/// `text` of a failure without the advice that the launch gives in it; the remedy says it better.
std::string without_advice(const std::string& text);

/// A step's verdict: "ok", "warning", "failed" or "skipped", as `sabot check` reads it.
struct Verdict {
  std::string result;
  std::string detail;
  std::string remedy;
};

/// System calls of the launch that this kernel does not know.
std::vector<std::string> missing_calls();
/// `release` as uname(2) says it. What counts is `missing`; an old release that has all is a warning.
Verdict judge_kernel(const std::string& release, const std::vector<std::string>& missing,
                     const NodeFacts& facts);

struct Limits {
  rlim_t processes = RLIM_INFINITY;   ///< RLIMIT_NPROC, soft
  rlim_t open_files = RLIM_INFINITY;  ///< RLIMIT_NOFILE, soft
  rlim_t file_bytes = RLIM_INFINITY;  ///< RLIMIT_FSIZE, soft
  unsigned long threads = 0;          ///< of this user, now
};
Limits read_limits();
Verdict judge_limits(const Limits& limits);

}  // namespace sabot
