// SPDX-License-Identifier: Apache-2.0
// node_facts.cc: see node_facts.h. What the node says: files below /proc, /dev/fuse, limits, system calls.
// Not here: what it means (node_remedies.cc).
#include "node_facts.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

constexpr std::size_t kProcBytes = 4 << 20;

std::string proc_text(const char* path) {
  try {
    return read_file(AT_FDCWD, path, kProcBytes);
  } catch (const std::exception&) {
    return "";
  }
}

std::optional<long> sysctl(const char* path) {
  const std::string text = proc_text(path);
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  return end == text.c_str() ? std::nullopt : std::optional<long>(value);
}

rlim_t soft_limit(__rlimit_resource_t which) {
  rlimit limit{};
  return ::getrlimit(which, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

// A process of ours that ends meanwhile is none.
unsigned long own_threads() {
  unsigned long count = 0;
  std::error_code gone;
  for (const auto& process : std::filesystem::directory_iterator("/proc", gone)) {
    const std::string path = process.path().string();
    struct stat st {};
    if (path.find_first_not_of("0123456789", 6) != path.npos || ::stat(path.c_str(), &st) == -1) continue;
    if (st.st_uid == ::getuid() && ::stat((path + "/task").c_str(), &st) == 0) count += st.st_nlink - 2;
  }
  return count;
}

}  // namespace

bool is_fuse_device(const struct stat& st) { return S_ISCHR(st.st_mode) && st.st_rdev == makedev(10, 229); }

NodeFacts read_node_facts() {
  NodeFacts facts;
  facts.userns_clone = sysctl("/proc/sys/kernel/unprivileged_userns_clone");
  facts.apparmor_restricts = sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
  facts.max_user_namespaces = sysctl("/proc/sys/user/max_user_namespaces");
  facts.max_mount_namespaces = sysctl("/proc/sys/user/max_mnt_namespaces");
  facts.seccomp_filter = proc_text("/proc/self/status").find("\nSeccomp:\t2") != std::string::npos;
  judge_root(proc_text("/proc/self/mountinfo"), facts);
  struct stat st {};
  if (::stat("/dev/fuse", &st) == 0) {
    facts.fuse_mode = st.st_mode;
    facts.fuse_is_device = is_fuse_device(st);
  }
  return facts;
}

std::vector<std::string> missing_calls() {
  struct Call {
    const char* name;
    long number;
  };
  static constexpr Call kCalls[] = {
      {"openat2", SYS_openat2},
      {"open_tree", SYS_open_tree},
      {"move_mount", SYS_move_mount},
      {"fsopen", SYS_fsopen},
      {"fsconfig", SYS_fsconfig},
      {"fsmount", SYS_fsmount},
      {"mount_setattr", SYS_mount_setattr},
      {"close_range", SYS_close_range},
      {"memfd_create", SYS_memfd_create},
  };
  std::vector<std::string> missing;
  for (const Call& call : kCalls)  // arguments that every kernel refuses: it does nothing but know the call
    if (::syscall(call.number, -1, nullptr, -1L, nullptr, 0L) == -1 && errno == ENOSYS)
      missing.emplace_back(call.name);
  return missing;
}

Limits read_limits() {
  return {.processes = soft_limit(RLIMIT_NPROC),
          .open_files = soft_limit(RLIMIT_NOFILE),
          .file_bytes = soft_limit(RLIMIT_FSIZE),
          .threads = own_threads()};
}

}  // namespace sabot
