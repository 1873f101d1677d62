// SPDX-License-Identifier: Apache-2.0
// test_manifest.cc: the pod manifest, which stage1 reads with full capabilities in its namespace: exact or
// refused.
#include "manifest.h"

#include <catch2/catch.hpp>
#include <random>

#include "sys/error.h"

using namespace sabot;
using Catch::Contains;

namespace {

PodManifest full_pod() {
  PodManifest pod;
  pod.pod = "42.0.1";
  pod.inside_uid = 4294967294;
  pod.inside_gid = 7;
  pod.image_offset = 32768;
  pod.image_bytes = 18446744073709551615U;
  pod.local_ranks = 128;
  pod.own_net = pod.own_ipc = pod.own_uts = true;
  pod.writable = true;
  pod.writable_bytes = 18446744073709551615U;
  pod.workdir = "/a=b\nc";
  pod.make_workdir = true;
  pod.env = {"A=1", "B=x=y", "C=", "mount=bind", "A=1"};
  pod.pin = "l3";
  pod.pin_must = true;
  pod.threads = 4;
  pod.topology = "/etc/sabot/node.xml";
  pod.mounts = {
      {.kind = MountKind::bind,
       .source = "/dev",
       .target = "/dev",
       .why = "default",
       .read_only = true,
       .no_exec = true,
       .propagation = Propagation::private_tree,
       .devices = true,
       .if_present = true,
       .unless_hiding = true},
      {.kind = MountKind::tmpfs,
       .source = "",
       .target = "/tmp",
       .why = "site configuration",
       .size_bytes = 1 << 20,
       .mode = 01777},
      {.kind = MountKind::mqueue, .source = "/dev/mqueue", .target = "/dev/mqueue", .why = "default"},
      {.kind = MountKind::umount, .source = "", .target = "/tmp", .why = "--container-mounts"}};
  pod.lines = {{"/etc/passwd", "u:x:1:1::/:/bin/sh", 2}, {"/etc/group", "", 0}};
  return pod;
}

std::string strings(const std::vector<std::string>& entries) {
  std::string bytes = std::string("sabot-pod=1") + '\0';
  for (const std::string& entry : entries) bytes += entry + '\0';
  return bytes;
}

// Whether `bytes` is taken; if it is, it must be what encode() writes.
bool taken(const std::string& bytes) {
  PodManifest pod;
  try {
    pod = decode_manifest(bytes);
  } catch (const Refused&) {
    return false;
  }
  REQUIRE(encode(pod) == bytes);
  return true;
}

}  // namespace

TEST_CASE("a manifest is read as it was written", "[stage1][manifest]") {
  CHECK(decode_manifest(encode(full_pod())) == full_pod());
  CHECK(decode_manifest(encode(PodManifest{})) == PodManifest{});
}

TEST_CASE("a NUL byte anywhere in a manifest is refused when it is written", "[stage1][manifest]") {
  const std::string nul("a\0b", 3);
  std::vector<PodManifest> pods(8, full_pod());
  pods[0].pod = nul;
  pods[1].workdir = nul;
  pods[2].env[0] = nul;
  pods[3].mounts[0].source = nul;
  pods[4].mounts[1].target = nul;
  pods[5].mounts[1].why = nul;
  pods[6].lines[0].path = nul;
  pods[7].lines[1].line = nul;
  for (const PodManifest& pod : pods) CHECK_THROWS_WITH(encode(pod), Contains("a NUL byte in 'a\\x00b'"));
}

TEST_CASE("a manifest larger than its limit is neither written nor read", "[stage1][manifest]") {
  PodManifest pod;
  pod.env = {"A=" + std::string(kManifestBytes, 'x')};
  CHECK_THROWS_WITH(encode(pod), Contains("larger than 1 MiB"));
  CHECK_THROWS_WITH(decode_manifest(std::string(kManifestBytes + 1, '\0')), Contains("larger than 1 MiB"));
  pod.env = {"A=" + std::string(kManifestBytes / 2, 'x')};
  CHECK(decode_manifest(encode(pod)) == pod);
}

TEST_CASE("a manifest cut anywhere is refused", "[stage1][manifest]") {
  const std::string whole = encode(full_pod());
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    CAPTURE(bytes);
    CHECK_THROWS_AS(decode_manifest(std::string_view(whole).substr(0, bytes)), Refused);
  }
}

TEST_CASE("what no release wrote is refused with its name", "[stage1][manifest]") {
  CHECK_THROWS_WITH(decode_manifest(""), Contains("cut short"));
  CHECK_THROWS_WITH(decode_manifest(std::string("sabot-pod=2\0", 12)), Contains("another release"));
  CHECK_THROWS_WITH(decode_manifest(strings({"colour=red"})), Contains("unknown name 'colour'"));
  CHECK_THROWS_WITH(decode_manifest(strings({"mount=bind", "colour=red"})),
                    Contains("unknown name 'colour' in a mount"));
  CHECK_THROWS_WITH(decode_manifest(strings({"line=", "colour=red"})),
                    Contains("unknown name 'colour' in a line"));
  CHECK_THROWS_WITH(decode_manifest(strings({"mount=nfs"})), Contains("unknown kind of mount 'nfs'"));
  CHECK_THROWS_WITH(decode_manifest(strings({"pod"})), Contains("no '=' in 'pod'"));
  CHECK_THROWS_WITH(decode_manifest(strings({"uid=-1"})), Contains("not a number: '-1'"));
  CHECK_THROWS_WITH(decode_manifest(strings({"uid="})), Contains("not a number: ''"));
  CHECK_THROWS_WITH(decode_manifest(strings({"uid=1 "})), Contains("not a number"));
  CHECK_THROWS_WITH(decode_manifest(strings({"uid=99999999999999999999"})), Contains("not a number"));
}

TEST_CASE("a number too large for its field is refused and never cut to another", "[stage1][manifest]") {
  const std::string whole = encode(full_pod());
  for (const std::string name : {"uid=", "gid=", "local-ranks=", "mode=", "key-field="}) {
    CAPTURE(name);
    std::string bytes = whole;
    const std::size_t at = bytes.find(name) + name.size();
    bytes.replace(at, bytes.find('\0', at) - at, "4294967296");  // 2^32: uid 0, if it were cut
    CHECK_THROWS_AS(decode_manifest(bytes), Refused);
  }
}

TEST_CASE("a manifest that encode would write otherwise is refused", "[stage1][manifest]") {
  const std::string whole = encode(PodManifest{});
  const std::string first("sabot-pod=1\0", 12);
  CHECK_FALSE(taken(first));  // nothing after it
  CHECK_FALSE(taken("sabot-pod=1x" + whole.substr(first.size())));
  CHECK_FALSE(taken(whole + std::string("pod=again\0", 10)));
  CHECK_FALSE(taken(whole + std::string("mount=bind\0", 11)));
  std::string flag = whole;
  flag.replace(flag.find("writable=0"), 10, "writable=2");
  CHECK_FALSE(taken(flag));
  CHECK(taken(whole));
}

TEST_CASE("a mutated manifest is refused or exactly what it says", "[stage1][manifest]") {
  std::mt19937 random(7);
  const std::string whole = encode(full_pod());
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = whole;
    for (unsigned changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % bytes.size();
      const std::size_t to = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random() % 256);
          break;
        case 1:
          bytes.erase(at, random() % 40);
          break;
        case 2:
          bytes.insert(at, bytes.substr(to, random() % 40));
          break;
        default:
          std::swap(bytes[at], bytes[to]);
      }
      if (bytes.empty()) bytes = whole;
    }
    if (!taken(bytes)) ++refused;
  }
  CHECK(refused > 5000);
}
