// SPDX-License-Identifier: Apache-2.0
// userns.cc: see userns.h.
#include "userns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include <memory>
#include <string>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

void write_proc(const char* path, const std::string& text) {
  const UniqueFd fd{check(::open(path, O_WRONLY | O_CLOEXEC), "open", path)};
  check(::write(fd.get(), text.data(), text.size()), "write",
        path);  // one write: the kernel takes a map whole
}

std::string known_remedy(int err) {
  if (err == EPERM)
    return "user namespaces are forbidden here; the administrator can allow them with one of the sysctls "
           "kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 "
           "(Ubuntu); "
           "in a chroot they always are";
  if (err == ENOSPC)
    return "no more user namespaces on this node; the administrator can raise the sysctl "
           "user.max_user_namespaces";
  return "unshare";
}

std::string single_map(unsigned inside, unsigned outside) {
  return std::to_string(inside) + " " + std::to_string(outside) + " 1\n";
}

}  // namespace

void enter_user_namespace(uid_t inside_uid, gid_t inside_gid) {
  const Context doing{"make a user namespace"};
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (::unshare(CLONE_NEWUSER) == -1) {
    const int err = errno;
    throw Error(err, known_remedy(err));
  }
  write_proc("/proc/self/setgroups", "deny");  // or an unprivileged gid_map is refused: user_namespaces(7)
  write_proc("/proc/self/uid_map", single_map(inside_uid, uid));
  write_proc("/proc/self/gid_map", single_map(inside_gid, gid));
}

void drop_all_privileges() {
  const Context doing{"drop privileges"};
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set no_new_privs");
  const std::unique_ptr<std::remove_pointer_t<cap_t>, decltype(&::cap_free)> empty{::cap_init(), &::cap_free};
  if (!empty) throw Error(errno, "cap_init");
  check(::cap_set_proc(empty.get()), "empty the capability sets");
  // Else a rank could reach the host's tree and our memory through /proc/PID (ptrace(2), "dumpable").
  check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "set not dumpable");
}

}  // namespace sabot
