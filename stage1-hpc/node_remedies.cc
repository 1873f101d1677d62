// SPDX-License-Identifier: Apache-2.0
// node_remedies.cc: from what failed and what the node says to what an administrator can do. Pure.
// Not here: asking the node (node_facts.cc), trying the steps (check.cc).
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <sstream>

#include "node_facts.h"

namespace sabot {
namespace {

constexpr char kSeccomp[] =
    "a seccomp filter is on this process, as in an outer container: let it allow unshare, mount, pivot_root, "
    "setns and the calls of fsopen(2) (docker and podman: --security-opt seccomp=unconfined)";
constexpr char kPersist[] = ", and write it into /etc/sysctl.d to keep it";

std::string set_sysctl(const std::string& assignment) { return "run `sysctl " + assignment + "`" + kPersist; }

// EPERM, EACCES: the policy that forbids what an ordinary user's namespace would give. The most certain
// first.
std::string forbidden(const NodeFacts& facts) {
  if (facts.userns_clone == 0) return set_sysctl("kernel.unprivileged_userns_clone=1");
  if (facts.in_chroot)
    return "the kernel gives a process in a chroot no user namespace: start it outside of the chroot, or "
           "make "
           "the directory the root with pivot_root or switch_root";
  if (facts.apparmor_restricts.value_or(0) != 0)
    return set_sysctl("kernel.apparmor_restrict_unprivileged_userns=0") +
           "; or load an AppArmor profile with `userns,` for sabot-stage1";
  if (facts.seccomp_filter) return kSeccomp;
  return "no setting known to Sabot forbids it: look for a security module's denial in the kernel's log "
         "(SELinux, AppArmor), and whether this is a chroot";
}

std::string user_namespace(int err, const NodeFacts& facts) {
  if (err == ENOSPC || err == EUSERS)
    return set_sysctl("user.max_user_namespaces=65536") +
           (facts.max_user_namespaces ? "; it is " + std::to_string(*facts.max_user_namespaces) : "") +
           (facts.max_user_namespaces.value_or(0) > 0 ? ", all in use, or namespaces are nested too deep"
                                                      : "");
  if (err == EINVAL || err == ENOSYS)
    return "the kernel is built without CONFIG_USER_NS: boot one that has it";
  return forbidden(facts);
}

std::string fuse_device(int err, const NodeFacts& facts) {
  if (!facts.fuse_mode)
    return "run `modprobe fuse` and name the module in /etc/modules-load.d; in an outer container pass the "
           "device in (--device /dev/fuse)";
  if (!facts.fuse_is_device)
    return "/dev/fuse is not the FUSE device: remove what is there, then `mknod -m 666 /dev/fuse c 10 229`";
  if (err == ENODEV || err == ENXIO)
    return "the kernel has no FUSE: run `modprobe fuse` and name the module in /etc/modules-load.d";
  if ((*facts.fuse_mode & 0666) != 0666)
    return "run `chmod 666 /dev/fuse`, and keep it with a udev rule: KERNEL==\"fuse\", MODE=\"0666\"";
  if (err == EPERM)
    return "the mode allows it, so the device cgroup does not: let the job's cgroup have c 10:229 rwm "
           "(Slurm's ConstrainDevices, systemd's DeviceAllow=/dev/fuse rw, docker's --device /dev/fuse)";
  return "the mode allows it: /dev may be mounted nodev, or a security module denies it; look into the "
         "kernel's "
         "log";
}

std::string pivot(int err, const NodeFacts& facts) {
  if (facts.root_is_initramfs)
    return "the root of this node is the initramfs, which pivot_root cannot leave: boot with a tmpfs or "
           "another "
           "mounted root (Warewulf: --root=tmpfs)";
  if (err == EINVAL || facts.in_chroot)
    return "the root is no mount point, as in a chroot: start it outside of the chroot";
  return forbidden(facts);
}

std::string no_file_system(const char* module) {
  return std::string("run `modprobe ") + module + "` and name the module in /etc/modules-load.d";
}

}  // namespace

void judge_root(const std::string& mountinfo, NodeFacts& facts) {
  bool mounted = mountinfo.empty();  // no /proc: nothing is known
  std::istringstream lines{mountinfo};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string id, parent, device, root, target, word, type;
    words >> id >> parent >> device >> root >> target;
    if (target != "/") continue;
    while (words >> word && word != "-") {
    }
    words >> type;
    mounted = true;
    facts.root_is_initramfs = type == "rootfs";
  }
  facts.in_chroot = !mounted;
}

std::string remedy_for(LaunchStep step, int err, const NodeFacts& facts) {
  switch (step) {
    case LaunchStep::user_namespace:
      return user_namespace(err, facts);
    case LaunchStep::fuse_device:
      return fuse_device(err, facts);
    case LaunchStep::pivot:
      return pivot(err, facts);
    case LaunchStep::mount_namespace:
      if (err == ENOSPC)
        return set_sysctl("user.max_mnt_namespaces=65536") +
               "; or raise fs.mount-max, the mounts of one of them";
      break;
    case LaunchStep::fuse_mount:
      if (err == ENODEV) return no_file_system("fuse");
      if (err == EINVAL && !facts.fuse_is_device) return fuse_device(err, facts);
      break;
    case LaunchStep::overlay:
      if (err == ENODEV) return no_file_system("overlay") + "; only --container-writable needs it";
      if (err == EPERM || err == EINVAL)
        return "this kernel has no overlay in a user namespace (5.11 or later has); only "
               "--container-writable "
               "needs it";
      break;
    case LaunchStep::host_mounts:
      if (err == EINVAL)
        return "something below /proc, /sys or /dev cannot be copied: unmount what is unbindable there";
      break;
    default:
      break;
  }
  if (err == ENOMEM || err == EAGAIN) return "memory or processes are short on this node";
  if (err == EMFILE || err == ENFILE)
    return "raise the limit of open files: `ulimit -n`, or sysctl fs.file-max";
  return forbidden(facts);
}

std::string without_advice(const std::string& text) {
  std::string out = text;
  for (const char* begin : {"; the administrator can", " (the site has to"}) {
    const std::size_t from = out.find(begin);
    const std::size_t to = out.rfind(": ");
    if (from != out.npos && to != out.npos && to > from) out.erase(from, to - from);
  }
  return out;
}

Verdict judge_kernel(const std::string& release, const std::vector<std::string>& missing,
                     const NodeFacts& facts) {
  unsigned major = 0;
  unsigned minor = 0;
  std::sscanf(release.c_str(), "%u.%u", &major, &minor);
  const bool old = major < 5 || (major == 5 && minor < 14);
  if (missing.empty())
    return old ? Verdict{"warning", "Linux " + release + ", older than 5.14, but it knows every call",
                         "not tested by Sabot's makers: upgrade to Linux 5.14 or later (RHEL 9, Debian 12)"}
               : Verdict{"ok", "Linux " + release, ""};
  std::string names;
  for (const std::string& name : missing) names += (names.empty() ? "" : ", ") + name;
  return {"failed", "Linux " + release + " does not know " + names,
          old || !facts.seccomp_filter ? "upgrade to Linux 5.14 or later (RHEL 9, Debian 12)" : kSeccomp};
}

Verdict judge_limits(const Limits& limits) {
  // A launch: stage0, keeper with its threads, builder; a keeper's descriptors: one for each mount and rank.
  constexpr rlim_t kThreads = 16;
  constexpr rlim_t kFilesNeeded = 32;
  constexpr rlim_t kFilesWise = 256;
  constexpr rlim_t kFileBytes = 1 << 20;
  const auto low = [](const char* name, rlim_t have, const char* with) {
    return std::string(name) + " is " + std::to_string(have) + with;
  };
  if (limits.processes != RLIM_INFINITY && limits.processes < limits.threads + kThreads)
    return {"warning",
            low("RLIMIT_NPROC", limits.processes, "") + ", and " + std::to_string(limits.threads) +
                " processes and threads of this user run",
            "raise `ulimit -u` (limits.conf(5), systemd's LimitNPROC, Slurm's PropagateResourceLimits)"};
  if (limits.open_files < kFilesWise)
    return {limits.open_files < kFilesNeeded ? "failed" : "warning",
            low("RLIMIT_NOFILE", limits.open_files, ""),
            "raise `ulimit -n` to 1024 or more (limits.conf(5), systemd's LimitNOFILE)"};
  if (limits.file_bytes < kFileBytes)
    return {"warning", low("RLIMIT_FSIZE", limits.file_bytes, " bytes"), "raise `ulimit -f`"};
  return {"ok", "processes, open files, file size", ""};
}

}  // namespace sabot
