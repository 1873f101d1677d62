// SPDX-License-Identifier: Apache-2.0
// test_confinement.cc: what a confined process can still do and what it cannot, in a child of the test.
#include "confinement.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <thread>

#include "support.h"

using namespace sabot;
using namespace sabot::test;

namespace {

constexpr int kAbsent = 77;  // this kernel has no such thing

// What a child that is confined by `confine` finds; a child that could not be confined finds nothing.
void check_confined(const std::function<bool()>& confine, const std::function<int()>& body) {
  const int status = in_child([&] {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) return 1;
    return confine() ? body() : kAbsent;
  });
  if (status == kAbsent << 8) WARN("SKIP: this machine's kernel has no seccomp filters or no Landlock");
  CHECK((status == 0 || status == kAbsent << 8));
}

bool fails_with(int err, long result) { return result == -1 && errno == err; }

}  // namespace

TEST_CASE("a filtered process starts no program, no process and no connection", "[stage1][confinement]") {
  check_confined(filter_system_calls, [] {
    char* const argv[] = {nullptr};
    if (!fails_with(ENOSYS, ::execve("/bin/true", argv, argv))) return 2;
    if (!fails_with(ENOSYS, ::execveat(0, "", argv, argv, AT_EMPTY_PATH))) return 3;
    if (!fails_with(EPERM, ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0))) return 4;
    if (!fails_with(ENOSYS, ::syscall(SYS_clone3, nullptr, 0))) return 5;
    if (!fails_with(ENOSYS, ::socket(AF_INET, SOCK_STREAM, 0))) return 6;
    if (!fails_with(ENOSYS, ::kill(::getppid(), 0))) return 7;
    if (!fails_with(EPERM, ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0))) return 8;
    if (!fails_with(ENOSYS, ::syscall(SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0)))
      return 9;
    return 0;
  });
}

TEST_CASE("a filtered process opens nothing and gets back nothing it gave up", "[stage1][confinement]") {
  check_confined(filter_system_calls, [] {
    if (!fails_with(ENOSYS, ::open("/etc/passwd", O_RDONLY))) return 2;
    if (!fails_with(ENOSYS, ::syscall(SYS_openat2, AT_FDCWD, "/", nullptr, 0))) return 3;
    if (!fails_with(ENOSYS, ::syscall(SYS_setrlimit, RLIMIT_CORE, nullptr))) return 4;
    if (!fails_with(EPERM, ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))) return 5;
    if (!fails_with(ENOSYS, ::setns(0, 0))) return 6;
    if (!fails_with(ENOSYS, ::unshare(CLONE_NEWUSER))) return 7;
    if (!fails_with(ENOSYS, ::syscall(SYS_io_uring_setup, 1, nullptr))) return 8;
    return 0;
  });
}

TEST_CASE("a filtered process has memory but can make no code of it", "[stage1][confinement]") {
  check_confined(filter_system_calls, [] {
    const auto map = [](int protection) {
      return ::mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    };
    void* data = map(PROT_READ | PROT_WRITE);
    if (data == MAP_FAILED) return 2;
    if (map(PROT_READ | PROT_EXEC) != MAP_FAILED || errno != EPERM) return 3;
    return fails_with(EPERM, ::mprotect(data, 4096, PROT_READ | PROT_EXEC)) ? 0 : 4;
  });
}

#ifndef __SANITIZE_ADDRESS__  // its own threads need more
TEST_CASE("a filtered process can start threads, stop them and talk", "[stage1][confinement]") {
  SocketPair pair;
  check_confined(filter_system_calls, [&] {
    std::thread speaker{[&] {
      const std::string large(1 << 20, 'x');  // an allocation of its own arena
      (void)!::write(pair.near.get(), large.data(), 1);
    }};
    char byte = 0;
    const bool heard = ::read(pair.far.get(), &byte, 1) == 1;
    speaker.join();
    int far = pair.far.get();
    pthread_t waiter{};
    const auto wait = [](void* fd) -> void* {
      char never = 0;
      (void)!::read(*static_cast<int*>(fd), &never, 1);
      return nullptr;
    };
    if (pthread_create(&waiter, nullptr, wait, &far) != 0) return 2;
    ::pthread_cancel(waiter);
    return heard && ::pthread_join(waiter, nullptr) == 0 ? 0 : 3;
  });
}
#endif

TEST_CASE("where there is Landlock no path can be opened, but what is open stays usable",
          "[stage1][confinement]") {
  const UniqueFd before = null_file();
  check_confined([] { return forbid_all_paths() > 0; },
                 [&] {
                   if (!fails_with(EACCES, ::open("/etc/passwd", O_RDONLY))) return 2;
                   if (!fails_with(EACCES, ::open("/tmp/sabot-confined", O_CREAT | O_WRONLY, 0600))) return 3;
                   if (!fails_with(EACCES, ::mkdir("/tmp/sabot-confined", 0700))) return 4;
                   char* const argv[] = {nullptr};
                   if (!fails_with(EACCES, ::execve("/bin/true", argv, argv))) return 5;
                   return ::write(before.get(), "x", 1) == 1 ? 0 : 6;
                 });
}
