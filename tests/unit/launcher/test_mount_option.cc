// SPDX-License-Identifier: Apache-2.0
// test_mount_option.cc: the grammar of --container-mounts: what it means, what is refused and in which words.
#include "mount_option.h"

#include <catch2/catch.hpp>
#include <random>

#include "sys/error.h"

using namespace sabot;
using Catch::Contains;

namespace {

std::vector<Mount> parse(const std::string& text) {
  return parse_mounts(text, "/home/u", "--container-mounts");
}

Mount bind_mount(const std::string& source, const std::string& target, bool read_only = false) {
  return {.source = source, .target = target, .why = "--container-mounts", .read_only = read_only};
}

Mount tmpfs(const std::string& target) {
  return {.kind = MountKind::tmpfs, .source = {}, .target = target, .why = "--container-mounts"};
}

// A text of the grammar, now and then beside it.
std::string random_mounts(std::mt19937& random) {
  static const std::vector<std::string> kSources = {
      "/a", "/a/b/../c", ".", "./x",   "../y",   "//d//e/",    "tmpfs", "umount", "/..",
      "/ü", "a/b",       "",  "/t mp", "/c\\,d", "/e\\:\\\\f", "/g\\",  "tmpfs",  "/h\\ i\\,"};
  static const std::vector<std::string> kTargets = {
      "/t", "/t/./u/", "/", "t", "", "./rel", "/..", "//v", "/w/../z", "/ü ü", "/\\:,x", "/\\,\\\\"};
  static const std::vector<std::string> kFlags = {"ro",
                                                  "rw",
                                                  "bind",
                                                  "rbind",
                                                  "nosuid+ro",
                                                  "ro+rw",
                                                  "",
                                                  "x",
                                                  "nodev",
                                                  "noexec+rprivate",
                                                  "private+exec+nofail",
                                                  "size=4K+mode=1777",
                                                  "mode=17",
                                                  "x-detach",
                                                  "rslave",
                                                  "x-create=file",
                                                  "size=x"};
  const auto any = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  std::string text;
  for (unsigned count = 1 + random() % 4; count > 0; --count) {
    if (!text.empty()) text += ',';
    text += any(kSources);
    const unsigned parts = random() % 16;
    if (parts > 3) text += ":" + any(kTargets);
    if (parts > 9) text += ":" + any(kFlags);
    if (parts == 15) text += ":more";
  }
  return text;
}

}  // namespace

TEST_CASE("a mount option says source and target and flags", "[launcher][mounts]") {
  CHECK(parse("/a:/b") == std::vector{bind_mount("/a", "/b")});
  CHECK(parse("/a") == std::vector{bind_mount("/a", "/a")});
  CHECK(parse("/a:/b:ro") == std::vector{bind_mount("/a", "/b", true)});
  CHECK(parse("/a:/b:rw") == std::vector{bind_mount("/a", "/b")});
  CHECK(parse("/a:/b:ro+rw") == std::vector{bind_mount("/a", "/b")});  // the last one counts
  CHECK(parse("/a:/b:nosuid+ro+nodev+bind+rbind") == std::vector{bind_mount("/a", "/b", true)});
  CHECK(parse("tmpfs:/scratch") == std::vector{tmpfs("/scratch")});
  CHECK(parse("/a:/b,/c:/d:ro") == std::vector{bind_mount("/a", "/b"), bind_mount("/c", "/d", true)});
}

TEST_CASE("a source that begins with a dot is taken from the submit directory", "[launcher][mounts]") {
  CHECK(parse(".") == std::vector{bind_mount("/home/u", "/home/u")});
  CHECK(parse("./data:/d") == std::vector{bind_mount("/home/u/data", "/d")});
  CHECK(parse("../v") == std::vector{bind_mount("/home/v", "/home/v")});
  CHECK(parse("..:/d") == std::vector{bind_mount("/home", "/d")});
  CHECK(parse(".hidden:/d") == std::vector{bind_mount("/home/u/.hidden", "/d")});
}

TEST_CASE("a backslash makes a comma or a colon or a blank or a backslash a part of a path",
          "[launcher][mounts]") {
  CHECK(parse("/a\\,b:/c\\:d") == std::vector{bind_mount("/a,b", "/c:d")});
  CHECK(parse("/a\\\\:/b") == std::vector{bind_mount("/a\\", "/b")});
  CHECK(parse("/a\\ b:/c d:ro") == std::vector{bind_mount("/a b", "/c d", true)});
  CHECK(parse(".\\,,/e") == std::vector{bind_mount("/home/u/.,", "/home/u/.,"), bind_mount("/e", "/e")});
  CHECK(parse("/a'\"$(x)*:/b").front().source == "/a'\"$(x)*");
}

TEST_CASE("a target that begins with a dot is taken from the root of the image", "[launcher][mounts]") {
  CHECK(parse("/a:./b") == std::vector{bind_mount("/a", "/b")});
  CHECK(parse("/a:../b") == std::vector{bind_mount("/a", "/b")});
}

TEST_CASE("flags say what a mount is like", "[launcher][mounts]") {
  Mount mount = bind_mount("/a", "/b", true);
  mount.no_exec = true;
  mount.propagation = Propagation::private_tree;
  CHECK(parse("/a:/b:rbind+ro+nosuid+noexec+nodev+rprivate+x-create=auto") == std::vector{mount});
  CHECK(parse("/a:/b:noexec+exec+private+rslave") == std::vector{bind_mount("/a", "/b")});
  CHECK(parse("/a:/b:private").front().propagation == Propagation::private_top);
  CHECK(parse("/a:/b:nofail").front().if_present);
  Mount scratch = tmpfs("/t");
  scratch.size_bytes = 2 << 20;
  scratch.mode = 01777;
  scratch.no_exec = true;
  CHECK(parse("tmpfs:/t:size=2M+mode=1777+noexec+nofail") == std::vector{scratch});
}

TEST_CASE("umount is a mount's opposite and ends the memory of repetitions", "[launcher][mounts]") {
  const Mount away{.kind = MountKind::umount, .source = {}, .target = "/b", .why = "--container-mounts"};
  CHECK(parse("umount:/b") == std::vector{away});
  CHECK(parse("umount:/b:x-detach,umount:/b") == std::vector{away});
  CHECK(parse("umount:./b:nofail").front().if_present);
  CHECK(parse("/a:/b,umount:/b,/a:/b") == std::vector{bind_mount("/a", "/b"), away, bind_mount("/a", "/b")});
}

TEST_CASE("a submit directory with control characters or a path too long is refused by name",
          "[launcher][mounts]") {
  CHECK_THROWS_WITH(parse_mounts("./a:/b", "/home/\nu", "--container-mounts"),
                    Contains("control characters"));
  CHECK_THROWS_WITH(parse("/" + std::string(4095, 'a')), Contains("more than 4095 bytes"));
  CHECK(parse("/" + std::string(4094, 'a')).size() == 1);
  CHECK_THROWS_WITH(parse("/a:/" + std::string(100000, 'a')), Contains("more than 4095 bytes"));
}

TEST_CASE("paths of a mount option are made normal", "[launcher][mounts]") {
  CHECK(parse("//a//./b/../c/:/x//y/./") == std::vector{bind_mount("/a/c", "/x/y")});
  CHECK(parse("/../../a:/../b") == std::vector{bind_mount("/a", "/b")});
}

TEST_CASE("exact repetitions of a mount are dropped and others are kept in order", "[launcher][mounts]") {
  CHECK(parse("/a:/b,/a:/b,/a/:/b/.") == std::vector{bind_mount("/a", "/b")});
  CHECK(parse("/a:/b,/a:/b:ro").size() == 2);
  CHECK(parse("/a:/b,/c:/b") == std::vector{bind_mount("/a", "/b"), bind_mount("/c", "/b")});
}

TEST_CASE("what is wrong with a mount option is said with the word that is wrong", "[launcher][mounts]") {
  struct Row {
    const char* text;
    const char* says;
  };
  const Row rows[] = {
      {"", "--container-mounts: '': an empty entry"},
      {"/a:/b,", "'/a:/b,': an empty entry; write SRC[:DST[:FLAGS]],..."},
      {",/a", "an empty entry"},
      {"/a,,/b", "an empty entry"},
      {"/a:/b:ro:x", "'/a:/b:ro:x': more than SRC:DST:FLAGS; a colon in a path is written \\:"},
      {"tmpfs", "'tmpfs': tmpfs needs a target: tmpfs:DST"},
      {"umount", "'umount': umount needs a target: umount:DST"},
      {"a:/b", "'a:/b': the source must begin with / or . (or be tmpfs or umount)"},
      {" /a:/b", "the source must begin with /"},
      {"\\tmpfs:/b",
       "a backslash stands before a comma, a colon, a blank or a backslash; write \\\\ for one"},
      {"/a\\b", "a backslash stands before"},
      {"/a\\", "a backslash stands before"},
      {"/a:/b\\:ro:", "unknown flag ''"},
      {":/b", "the source must begin with /"},
      {"~/a:/b", "the source must begin with /"},
      {"$HOME:/b", "the source must begin with /"},
      {"/a:", "'/a:': the target must begin with /"},
      {"/a:b", "the target must begin with /"},
      {"/a:.", "the root itself"},
      {"/a:./..", "the root itself"},
      {"/a:/", "'/a:/': the root itself cannot be a target"},
      {"/a:/b/..", "the root itself"},
      {"/", "the root itself"},
      {"/a:/b:", "unknown flag ''"},
      {"/a:/b:RO",
       "unknown flag 'RO'; known are ro, rw, noexec, exec, nosuid, nodev, private, rprivate, slave, rslave, "
       "nofail, bind, rbind, x-create=auto, x-create=dir, x-create=file"},
      {"/a:/b:ro+", "unknown flag ''"},
      {"/a:/b:ro noexec", "unknown flag 'ro noexec'"},
      {"/a:/b:ro\\,rw", "unknown flag 'ro\\,rw'"},
      {"/a:/b:suid", "flag 'suid' cannot be had: every mount of a pod is nosuid"},
      {"/a:/b:dev", "flag 'dev' cannot be had: device nodes work below /dev alone"},
      {"/a:/b:rshared", "flag 'rshared' cannot be had: a mount that is made in a pod is never seen outside"},
      {"/a:/b:noatime", "flag 'noatime' cannot be had"},
      {"/a:/b:x-move", "flag 'x-move' cannot be had"},
      {"/a:/b:x-detach", "flag 'x-detach' does not belong here; known are ro"},
      {"/a:/b:size=1G", "unknown flag 'size=1G'"},
      {"/a:/b:\xff", "unknown flag"},
      {"tmpfs:/b:bind", "flag 'bind' does not belong here; known are ro, rw, noexec"},
      {"tmpfs:/b:size=", "flag 'size=': no size; write bytes, or a number with K, M, G or T"},
      {"tmpfs:/b:size=50%", "no size"},
      {"tmpfs:/b:size=-1", "no size"},
      {"tmpfs:/b:size=99999999T", "no size"},
      {"tmpfs:/b:mode=8", "flag 'mode=8': no mode; write octal digits up to 1777"},
      {"tmpfs:/b:mode=4755", "no mode"},
      {"tmpfs:/b:mode=", "no mode"},
      {"umount:/b:ro", "flag 'ro' does not belong here; known are nofail, x-detach"},
      {"/a\n:/b", "'/a\\x0a:/b': control characters are not accepted"},
      {"/a:/b\x7f", "control characters"},
      {"/a:/b:ro\033", "control characters"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK_THROWS_AS(parse(row.text), UsageError);
    CHECK_THROWS_WITH(parse(row.text), Contains(row.says));
  }
}

TEST_CASE("what the nodes are given means the same as what was written", "[launcher][mounts]") {
  CHECK(format_mounts(parse("./a:/b,tmpfs:/t,/c:/d:ro")) == "/home/u/a:/b:rw,tmpfs:/t:rw,/c:/d:ro");
  CHECK(format_mounts(parse("/a\\,b:/c\\:d\\\\e:noexec+rprivate+nofail")) ==
        "/a\\,b:/c\\:d\\\\e:rw+noexec+rprivate+nofail");
  CHECK(format_mounts(parse("tmpfs:/t:size=1K+mode=1777,umount:/t")) ==
        "tmpfs:/t:rw+size=1024+mode=1777,umount:/t:x-detach");
  CHECK(format_mounts({}).empty());
  std::mt19937 random(3);
  int parsed = 0;
  for (int round = 0; round < 20000; ++round) {
    const std::string text = random_mounts(random);
    CAPTURE(text);
    std::vector<Mount> mounts;
    try {
      mounts = parse(text);
    } catch (const UsageError&) {
      continue;
    }
    ++parsed;
    REQUIRE(parse_mounts(format_mounts(mounts), "/elsewhere", "--container-mounts") == mounts);
  }
  CHECK(parsed > 1000);
}

TEST_CASE("a normal path has no dots and no doubled slashes", "[launcher][mounts]") {
  CHECK(normal_path("a/b", "/d") == "/d/a/b");
  CHECK(normal_path("/a/b/", "/d") == "/a/b");
  CHECK(normal_path(".", "/") == "/");
  CHECK(normal_path("", "/d") == "/d");
  CHECK(normal_path("../../..", "/d") == "/");
  CHECK(normal_path("//", "/") == "/");
  CHECK(normal_path("///a", "/") == "/a");
  CHECK(normal_path("/a/./b/..//c", "/") == "/a/c");
  CHECK(normal_path("/...", "/") == "/...");
}
