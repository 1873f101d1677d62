// SPDX-License-Identifier: Apache-2.0
// test_node_remedies.cc: from an errno and what a node says to what its administrator can do.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "node_facts.h"

using namespace sabot;
using Catch::Contains;

namespace {

NodeFacts healthy() {
  NodeFacts facts;
  facts.max_user_namespaces = 65536;
  facts.fuse_mode = S_IFCHR | 0666;
  facts.fuse_is_device = true;
  return facts;
}

}  // namespace

TEST_CASE("the setting that forbids user namespaces is named, the most certain first", "[stage1][check]") {
  const auto remedy = [](const NodeFacts& facts) {
    return remedy_for(LaunchStep::user_namespace, EPERM, facts);
  };
  NodeFacts facts = healthy();
  CHECK_THAT(remedy(facts), Contains("security module"));
  facts.seccomp_filter = true;
  CHECK_THAT(remedy(facts), Contains("seccomp"));
  facts.apparmor_restricts = 0;
  CHECK_THAT(remedy(facts), Contains("seccomp"));
  facts.apparmor_restricts = 1;
  CHECK_THAT(remedy(facts), Contains("sysctl kernel.apparmor_restrict_unprivileged_userns=0"));
  facts.in_chroot = true;
  CHECK_THAT(remedy(facts), Contains("chroot"));
  facts.userns_clone = 1;
  CHECK_THAT(remedy(facts), Contains("chroot"));
  facts.userns_clone = 0;
  CHECK_THAT(remedy(facts), Contains("sysctl kernel.unprivileged_userns_clone=1"));
}

TEST_CASE("a count of namespaces that is used up names its sysctl", "[stage1][check]") {
  NodeFacts facts = healthy();
  facts.max_user_namespaces = 0;
  const std::string none = remedy_for(LaunchStep::user_namespace, ENOSPC, facts);
  CHECK_THAT(none, Contains("user.max_user_namespaces=") && Contains("it is 0") && !Contains("in use"));
  facts.max_user_namespaces = 7;
  CHECK_THAT(remedy_for(LaunchStep::user_namespace, ENOSPC, facts), Contains("it is 7, all in use"));
  CHECK_THAT(remedy_for(LaunchStep::user_namespace, EINVAL, facts), Contains("CONFIG_USER_NS"));
  CHECK_THAT(remedy_for(LaunchStep::mount_namespace, ENOSPC, facts), Contains("user.max_mnt_namespaces="));
}

TEST_CASE("what is wrong with /dev/fuse decides the remedy", "[stage1][check]") {
  const auto remedy = [](int err, const NodeFacts& facts) {
    return remedy_for(LaunchStep::fuse_device, err, facts);
  };
  NodeFacts facts = healthy();
  CHECK_THAT(remedy(EPERM, facts), Contains("device cgroup") && Contains("10:229"));
  CHECK_THAT(remedy(EACCES, facts), Contains("nodev"));
  CHECK_THAT(remedy(ENXIO, facts), Contains("modprobe fuse"));
  facts.fuse_mode = S_IFCHR | 0600;
  CHECK_THAT(remedy(EACCES, facts), Contains("chmod 666 /dev/fuse") && Contains("udev"));
  facts.fuse_is_device = false;
  CHECK_THAT(remedy(0, facts), Contains("mknod"));
  facts.fuse_mode.reset();
  CHECK_THAT(remedy(ENOENT, facts), Contains("modprobe fuse") && Contains("--device /dev/fuse"));
}

TEST_CASE("a missing file system names its module", "[stage1][check]") {
  CHECK_THAT(remedy_for(LaunchStep::fuse_mount, ENODEV, healthy()), Contains("modprobe fuse"));
  CHECK_THAT(remedy_for(LaunchStep::overlay, ENODEV, healthy()),
             Contains("modprobe overlay") && Contains("only --container-writable"));
  CHECK_THAT(remedy_for(LaunchStep::overlay, EPERM, healthy()), Contains("5.11"));
}

TEST_CASE("every step has a remedy for every errno", "[stage1][check]") {
  for (int step = 0; step <= static_cast<int>(LaunchStep::enter); ++step)
    for (int err = 0; err < 134; ++err) {
      const std::string remedy = remedy_for(static_cast<LaunchStep>(step), err, healthy());
      CHECK_FALSE(remedy.empty());
      CHECK(remedy.find_first_of("\n\t") == remedy.npos);
    }
}

TEST_CASE("a chroot and an initramfs are seen in mountinfo", "[stage1][check]") {
  NodeFacts facts;
  judge_root("27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n22 27 0:21 / /proc rw shared:5 - proc proc rw\n",
             facts);
  CHECK_FALSE(facts.in_chroot);
  CHECK_FALSE(facts.root_is_initramfs);
  judge_root("22 27 0:21 / /proc rw - proc proc rw\n", facts);
  CHECK(facts.in_chroot);
  judge_root("1 1 0:2 / / rw shared:1 master:2 - rootfs rootfs rw\n", facts);
  CHECK_FALSE(facts.in_chroot);
  CHECK(facts.root_is_initramfs);
  CHECK_THAT(remedy_for(LaunchStep::pivot, EINVAL, facts), Contains("initramfs"));
  judge_root("", facts);
  CHECK_FALSE(facts.in_chroot);
}

TEST_CASE("the advice in a failure's text is left to the remedy", "[stage1][check]") {
  CHECK(without_advice("make a user namespace: forbidden on this node; the administrator can do it: "
                       "Operation not permitted") ==
        "make a user namespace: forbidden on this node: Operation not permitted");
  CHECK(without_advice("open '/dev/fuse' (the site has to make it mode 0666): Permission denied") ==
        "open '/dev/fuse': Permission denied");
  CHECK(without_advice("pivot_root: Invalid argument") == "pivot_root: Invalid argument");
  CHECK(without_advice("a: b; the administrator can") == "a: b; the administrator can");
}

TEST_CASE("a kernel is judged by its calls, then by its release", "[stage1][check]") {
  CHECK(judge_kernel("6.1.0-18-amd64", {}, healthy()).result == "ok");
  CHECK(judge_kernel("5.14.0-427.el9", {}, healthy()).result == "ok");
  CHECK(judge_kernel("5.10.0", {}, healthy()).result == "warning");
  CHECK(judge_kernel("4.18.0-553.el8", {}, healthy()).result == "warning");
  const Verdict old = judge_kernel("5.10.0", {"mount_setattr", "x"}, healthy());
  CHECK(old.result == "failed");
  CHECK_THAT(old.detail, Contains("mount_setattr, x"));
  CHECK_THAT(old.remedy, Contains("upgrade"));
  NodeFacts filtered = healthy();
  filtered.seccomp_filter = true;
  CHECK_THAT(judge_kernel("6.1.0", {"open_tree"}, filtered).remedy, Contains("seccomp"));
  CHECK(missing_calls().empty());
}

TEST_CASE("limits that are too low for a keeper are named", "[stage1][check]") {
  CHECK(judge_limits({}).result == "ok");
  CHECK(judge_limits({.processes = 100, .open_files = 1024, .threads = 50}).result == "ok");
  const Verdict processes = judge_limits({.processes = 100, .threads = 90});
  CHECK(processes.result == "warning");
  CHECK_THAT(processes.detail, Contains("RLIMIT_NPROC is 100") && Contains("90"));
  CHECK(judge_limits({.open_files = 64}).result == "warning");
  CHECK(judge_limits({.open_files = 16}).result == "failed");
  CHECK_THAT(judge_limits({.file_bytes = 0}).detail, Contains("RLIMIT_FSIZE"));
}
