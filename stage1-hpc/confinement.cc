// SPDX-License-Identifier: Apache-2.0
// confinement.cc: see confinement.h. kAllowed is the list to read, and to add to when the keeper learns
// something new.
//
// A call that is not in the list fails with ENOSYS, as on a kernel that has never heard of it: libc knows
// ways around that (clone3, statx), while EPERM stops it. Killing the keeper instead would take the image
// from ranks that may have computed for days, for a call that a libc update introduced; and it would protect
// no better, since the call is not made. No libseccomp: building a filter with it takes longer than all the
// rest of a keeper's start, and the list is this short.
#include "confinement.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sys/error.h"
#include "sys/unique_fd.h"

namespace sabot {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the keeper's filter does not know this architecture"
#endif

// A system call the keeper may make; where `mask` is not 0, only if the lower half of `argument` has `value`
// under it.
struct Allowed {
  std::uint32_t call;
  unsigned argument = 0;
  std::uint32_t mask = 0;
  std::uint32_t value = 0;
};

constexpr rlim_t kWrittenBytesMax = 1 << 20;  // of a file; a profile of an image's start is smaller

constexpr std::uint32_t kOwnPid = ~0U;  // as a value: this process's id

constexpr Allowed kAllowed[] = {
    // serving the image: the device, and a file that is open for reading
    {SYS_read},
    {SYS_readv},
    {SYS_pread64},
    {SYS_preadv},
    {SYS_write},
    {SYS_writev},
    {SYS_lseek},
    {SYS_fadvise64},
    {SYS_readahead},
    {SYS_fstat},
    {SYS_newfstatat, 3, AT_EMPTY_PATH, AT_EMPTY_PATH},  // as fstat
    // memory, never code
    {SYS_mmap, 2, PROT_EXEC, 0},
    {SYS_mprotect, 2, PROT_EXEC, 0},
    {SYS_munmap},
    {SYS_mremap},
    {SYS_madvise},
    {SYS_brk},
    // threads, never processes
    {SYS_clone, 0, CLONE_THREAD | CLONE_NEWUSER | CLONE_NEWNS,
     CLONE_THREAD},  // clone3 hides its flags: ENOSYS, then this
    {SYS_set_robust_list},
    {SYS_rseq},
    {SYS_futex},
    {SYS_sched_yield},
    {SYS_sched_getaffinity},
    {SYS_sched_setaffinity},
    {SYS_tgkill, 0, ~0U, kOwnPid},  // pthread_cancel, abort
    {SYS_prctl, 0, ~0U, PR_SET_NAME},
    {SYS_gettid},
    {SYS_exit},
    {SYS_exit_group},
    // signals and time
    {SYS_rt_sigprocmask},
    {SYS_rt_sigaction},
    {SYS_rt_sigreturn},
    {SYS_sigaltstack},
    {SYS_restart_syscall},
    {SYS_clock_gettime},
    {SYS_clock_nanosleep},
    {SYS_getrandom},
    // ranks and builder
    {SYS_recvmsg},
    {SYS_sendmsg},
    {SYS_shutdown},
    {SYS_getsockopt},
    {SYS_eventfd2},
    {SYS_ppoll},
#ifdef SYS_poll
    {SYS_poll},
#endif
    {SYS_getdents64},  // its own threads, in a directory that was opened before
    {SYS_wait4},
    {SYS_fcntl},
    {SYS_close},
    {SYS_getpid},
    {SYS_getuid},
};

std::uint32_t low_half_of_argument(unsigned argument) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                    8 * argument);  // little endian, as both architectures
}

// The filter as the kernel's virtual machine reads it: each row jumps over its own verdict where the call is
// another one.
std::vector<sock_filter> program() {
  const std::uint32_t no_such_call = SECCOMP_RET_ERRNO | ENOSYS;
  std::vector<sock_filter> code = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, no_such_call),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  for (const Allowed& row : kAllowed) {
    const bool plain = row.mask == 0;
    code.push_back(
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, row.call, 0, static_cast<std::uint8_t>(plain ? 1 : 5)));
    if (!plain) {
      const std::uint32_t value = row.value == kOwnPid ? static_cast<std::uint32_t>(::getpid()) : row.value;
      code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low_half_of_argument(row.argument)));
      code.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, row.mask));
      code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
      code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, no_such_call));
  return code;
}

// Landlock as of its ABIs; a kernel's own header may be older than the kernel. Source: landlock(7),
// linux/landlock.h.
struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t ports = 0;   // ABI 4
  std::uint64_t scoped = 0;  // ABI 6
};

Ruleset everything_of(int abi) {
  Ruleset all;
  all.files = (std::uint64_t{1} << 13) - 1;           // ABI 1: execute .. make symbolic links
  if (abi >= 2) all.files |= std::uint64_t{1} << 13;  // link or rename into another directory
  if (abi >= 3) all.files |= std::uint64_t{1} << 14;  // truncate
  if (abi >= 5) all.files |= std::uint64_t{1} << 15;  // ioctl of devices
  if (abi >= 4) all.ports = 3;                        // bind and connect
  if (abi >= 6) all.scoped = 3;                       // abstract sockets and signals of others
  return all;
}

std::size_t bytes_of_ruleset(int abi) {
  return abi >= 6 ? sizeof(Ruleset) : abi >= 4 ? offsetof(Ruleset, scoped) : offsetof(Ruleset, ports);
}

// At most `most`, for good; a limit that is lower already stays.
void limit(int resource, const char* name, rlim_t most) {
  rlimit now{};
  check(::getrlimit(resource, &now), "getrlimit", name);
  const rlim_t lower = std::min(now.rlim_cur, most);
  const rlimit wanted{lower, lower};
  check(::setrlimit(resource, &wanted), "setrlimit", name);
}

void limit_resources() {
  limit(RLIMIT_CORE, "core", 0);
  limit(RLIMIT_FSIZE, "fsize", kWrittenBytesMax);
}

}  // namespace

bool filter_system_calls() {
  std::vector<sock_filter> code = program();
  const sock_fprog filter{static_cast<unsigned short>(code.size()), code.data()};
  // Nothing of anybody else's is in this address space to be guarded against speculation, which costs kernels
  // before 5.16 a good part of the server's speed.
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) == 0)
    return true;
  if (errno == ENOSYS || errno == EINVAL) return false;
  throw Error(errno, "seccomp");
}

int forbid_all_paths() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi <= 0) return 0;
  const Ruleset all = everything_of(static_cast<int>(abi));
  const UniqueFd ruleset{static_cast<int>(
      check(::syscall(SYS_landlock_create_ruleset, &all, bytes_of_ruleset(static_cast<int>(abi)), 0),
            "landlock_create_ruleset"))};
  check(::syscall(SYS_landlock_restrict_self, ruleset.get(), 0), "landlock_restrict_self");
  return static_cast<int>(abi);
}

void confine_keeper() {
  if (kSanitized) return;
  const Context doing{"confine the keeper"};
  limit_resources();
  forbid_all_paths();
  filter_system_calls();  // last: the filter forbids the calls above
}

}  // namespace sabot
