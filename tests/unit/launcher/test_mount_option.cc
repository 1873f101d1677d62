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
  static const std::vector<std::string> kSources = {"/a",    "/a/b/../c", ".",  "./x", "../y", "//d//e/",
                                                    "tmpfs", "/..",       "/ü", "a/b", "",     "/t mp"};
  static const std::vector<std::string> kTargets = {"/t",  "/t/./u/", "/",       "t",   "",
                                                    "/..", "//v",     "/w/../z", "/ü ü"};
  static const std::vector<std::string> kFlags = {"ro",    "rw", "bind", "rbind", "nosuid+ro",
                                                  "ro+rw", "",   "x",    "nodev"};
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
      {"/a:/b:ro:x", "'/a:/b:ro:x': more than SRC:DST:FLAGS; a path with ':' or ',' cannot be written here"},
      {"tmpfs", "'tmpfs': a tmpfs needs a target: tmpfs:DST"},
      {"a:/b", "'a:/b': the source must begin with / or . (or be tmpfs)"},
      {":/b", "the source must begin with /"},
      {"~/a:/b", "the source must begin with /"},
      {"$HOME:/b", "the source must begin with /"},
      {"/a:", "'/a:': the target must begin with /"},
      {"/a:b", "the target must begin with /"},
      {"/a:./b", "the target must begin with /"},
      {"/a:/", "'/a:/': the root itself cannot be a target"},
      {"/a:/b/..", "the root itself"},
      {"/", "the root itself"},
      {"/a:/b:", "unknown flag ''"},
      {"/a:/b:RO", "unknown flag 'RO'; known are ro, rw, bind, rbind, nosuid, nodev"},
      {"/a:/b:ro+", "unknown flag ''"},
      {"/a:/b:suid", "unknown flag 'suid'"},
      {"/a:/b:dev", "unknown flag 'dev'"},
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
