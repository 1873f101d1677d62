// SPDX-License-Identifier: Apache-2.0
// test_userns.cc: the user namespace of a pod and the end of its privileges, in a child of the test.
#include "userns.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <catch2/catch.hpp>

#include "support.h"
#include "sys/error.h"
#include "sys/files.h"

using namespace sabot;
using namespace sabot::test;

namespace {

constexpr int kForbidden = 77;

// In a child that is in the new namespace.
int inside(uid_t uid, gid_t gid, const std::function<int()>& body) {
  const int status = in_child([&] {
    try {
      enter_user_namespace(uid, gid);
    } catch (const Error& e) {
      return e.code().value() == EPERM || e.code().value() == ENOSPC ? kForbidden : 1;
    }
    return body();
  });
  if (status == kForbidden << 8) WARN("SKIP: user namespaces are forbidden here");
  return status == kForbidden << 8 ? 0 : status;
}

}  // namespace

TEST_CASE("the caller has the ids that were asked for and no others exist", "[stage1][userns]") {
  CHECK(inside(4711, 4712, [] {
          if (::geteuid() != 4711 || ::getegid() != 4712) return 2;
          const std::string map = read_file(AT_FDCWD, "/proc/self/uid_map", 4096);
          if (map.find("4711") == map.npos || map.find('\n') + 1 != map.size()) return 3;
          if (read_file(AT_FDCWD, "/proc/self/setgroups", 64) != "deny\n") return 4;
          return ::setuid(4713) == -1 ? 0 : 5;
        }) == 0);
}

TEST_CASE("after privileges are dropped nothing can be mounted or gained", "[stage1][userns]") {
  CHECK(inside(0, 0, [] {
          if (::unshare(CLONE_NEWNS) == -1) return 2;  // the right that the namespace gives
          drop_all_privileges();
          if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 3;
          if (::unshare(CLONE_NEWNS) != -1) return 4;
          __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
          __user_cap_data_struct sets[2]{};
          if (::syscall(SYS_capget, &header, sets) == -1) return 5;
          for (const auto& set : sets)
            if ((set.effective | set.permitted | set.inheritable) != 0) return 6;
          return 0;
        }) == 0);
}

TEST_CASE("an impossible id is an error and names the map", "[stage1][userns]") {
  CHECK(in_child([] {
          try {
            enter_user_namespace(static_cast<uid_t>(-1), 0);
          } catch (const Error& e) {
            const std::string what = e.what();
            return what.find("make a user namespace: ") == 0 ? 0 : 1;
          }
          return 2;
        }) == 0);
}
