// SPDX-License-Identifier: Apache-2.0
// test_tar.cc: tar dialects, attributes, damage.
#include <sys/stat.h>
#include <sys/xattr.h>

#include <catch2/catch.hpp>

#include "images/squashfs_file.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;
using Catch::StartsWith;

TEST_CASE("modes, owners and times are kept as numbers", "[images][tar]") {
  const auto image = import_tar(Tar()
                                    .file("suid", "x", {04755, 1000, 2000, 86400})
                                    .file("late", "x", {0600, 0, 0, 5'000'000'000})
                                    .bytes());
  CHECK(image->listing().at("suid") == "-rwsr-xr-x 1000/2000 1 1970-01-02 00:00");
  CHECK_THAT(image->listing().at("late"), Contains("2106-02-07"));
}

TEST_CASE("a time before 1970 becomes 1970", "[images][tar]") {
  const auto image = import_tar(Tar().pax({{"mtime", "-5.5"}}).file("a", "x").bytes());
  CHECK_THAT(image->listing().at("a"), Contains("1970-01-01 00:00"));
}

TEST_CASE("devices and sockets are left out with a note, FIFOs are kept", "[images][tar]") {
  const auto image = import_tar(Tar().node("dev/null", '3').node("dev/sda", '4').node("pipe", '6').bytes());
  CHECK_FALSE(image->has("dev/null"));
  CHECK_FALSE(image->has("dev/sda"));
  CHECK_THAT(image->listing().at("pipe"), StartsWith("p"));
  CHECK(image->noted("'dev/null'"));
}

TEST_CASE("names of any bytes come through", "[images][tar]") {
  const std::vector<std::string> names = {"with space ",  "new\nline",   "\xff\xfe raw", "nfd e\xcc\x81",
                                          "nfc \xc3\xa9", "back\\slash", "-dash",        "\x1b[31m"};
  Tar tar;
  for (const std::string& name : names) tar.file("u/" + name, name);
  for (const std::string& name : names) tar.pax({{"path", "p/" + name}}).file("short", name);
  for (const std::string& name : names) tar.pax({{"linkpath", "u/" + name}}).hard_link("h/" + name, "short");
  const auto image = import_tar(tar.bytes());
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(image->content("u/" + name) == name);
    CHECK(image->content("p/" + name) == name);
    CHECK(image->content("h/" + name) == name);
  }
}

TEST_CASE("names and components beyond the limits are refused", "[images][tar]") {
  const std::string component(256, 'c');
  CHECK_THROWS_WITH(import_tar(Tar().pax({{"path", component}}).file("a", "x").bytes()),
                    Contains("255 bytes"));
  std::string path;
  for (int i = 0; i < 500; ++i) path += "/component";
  CHECK_THROWS_WITH(import_tar(Tar().pax({{"path", path}}).file("a", "x").bytes()), Contains("4096 bytes"));
  const std::string longest = std::string(255, 'c') + "/" + std::string(255, 'd');
  CHECK(import_tar(Tar().pax({{"path", longest}}).file("a", "x").bytes())->content(longest) == "x");
}

TEST_CASE("the root must be a directory", "[images][tar]") {
  CHECK_THROWS_WITH(import_tar(Tar().file("./", "x").symlink("/", "x").bytes()), Contains("root"));
  CHECK_THROWS_WITH(import_tar(Tar().symlink(".", "elsewhere").bytes()), Contains("root"));
}

TEST_CASE("extended attributes are kept, except what overlay file systems mean", "[images][tar]") {
  const auto image = import_tar(Tar()
                                    .pax({{"SCHILY.xattr.user.kept", std::string("v\0w", 3)},
                                          {"LIBARCHIVE.xattr.user.other", "dmFsdWU="},
                                          {"SCHILY.xattr.trusted.overlay.opaque", "y"},
                                          {"SCHILY.xattr.user.overlay.whiteout", "y"},
                                          {"SCHILY.xattr.system.foreign", "y"}})
                                    .file("a", "x")
                                    .bytes());
  const std::string shown = output_of("rdsquashfs -x a " + quote(image->image) + " 2>/dev/null");
  if (!has_program("rdsquashfs")) {
    WARN("SKIP: rdsquashfs is not installed");
    return;
  }
  CHECK_THAT(shown, Contains("user.kept=v"));
  CHECK_THAT(shown, Contains("user.other=value"));
  CHECK_THAT(shown, !Contains("overlay"));
  CHECK(image->noted("system.foreign"));
}

TEST_CASE("an extended attribute beyond 64 KiB is refused", "[images][tar]") {
  CHECK_THROWS_WITH(
      import_tar(Tar().pax({{"SCHILY.xattr.user.big", std::string(65537, 'x')}}).file("a", "x").bytes()),
      Contains("64 KiB"));
}

TEST_CASE("a user id beyond 32 bits is refused", "[images][tar]") {
  CHECK_THROWS_WITH(import_tar(Tar().pax({{"uid", "4294967295"}}).file("a", "x").bytes()),
                    Contains("group id"));
}

TEST_CASE("sparse files of every tar dialect keep their holes as zeros", "[images][tar]") {
  const Scratch scratch;
  REQUIRE(run("cd " + quote(scratch.path()) +
              " && truncate -s 5M s && printf begin | dd of=s conv=notrunc status=none && printf end |"
              " dd of=s bs=1M seek=3 conv=notrunc status=none && printf x > after") == 0);
  for (const char* dialect :
       {"--format=gnu -S", "--format=pax -S --sparse-version=0.0", "--format=pax -S --sparse-version=0.1",
        "--format=pax -S --sparse-version=1.0", "--format=oldgnu -S"}) {
    CAPTURE(dialect);
    REQUIRE(run("tar -C " + quote(scratch.path()) + " " + dialect + " -cf " + quote(scratch / "t.tar") +
                " s after") == 0);
    CHECK(fs::file_size(scratch / "t.tar") < 1'000'000);
    const auto image = import_tar(read_text(scratch / "t.tar"));
    CHECK(image->content("s") == read_text(scratch / "s"));
    CHECK(image->content("after") == "x");
  }
}

TEST_CASE("a hole of a terabyte counts against the limit of a layer", "[images][tar]") {
  ImportOptions options;
  options.max_layer_bytes = 1 << 20;
  const std::string huge = Tar()
                               .pax({{"GNU.sparse.major", "0"},
                                     {"GNU.sparse.minor", "1"},
                                     {"GNU.sparse.name", "s"},
                                     {"GNU.sparse.size", "1099511627776"},
                                     {"GNU.sparse.numblocks", "1"},
                                     {"GNU.sparse.map", "0,1"}})
                               .file("s", "x")
                               .bytes();
  CHECK_THROWS_WITH(import_tar(huge, options), Contains("limit"));
}

TEST_CASE("tars of GNU, POSIX, old and other makes are read alike", "[images][tar]") {
  const Scratch scratch;
  const std::string long_name(180, 'n');
  REQUIRE(run("cd " + quote(scratch.path()) + " && mkdir -p r/d && printf 1 > r/d/" +
              long_name.substr(0, 90) + " && ln -s target r/l && ln r/d/* r/h && mkfifo r/p") == 0);
  for (const char* format : {"gnu", "oldgnu", "pax", "ustar", "v7"}) {
    CAPTURE(format);
    const std::string except = std::string(format) == "v7" ? " --exclude=p" : "";
    REQUIRE(run("tar -C " + quote(scratch / "r") + " --format=" + format + except + " -cf " +
                quote(scratch / "t.tar") + " .") == 0);
    const auto image = import_tar(read_text(scratch / "t.tar"));
    CHECK(image->content("h") == "1");
    CHECK(fs::hard_link_count(image->tree() / "h") == 2);
    CHECK(fs::read_symlink(image->tree() / "l") == "target");
  }
}

TEST_CASE("any compression of a root file system tar is taken", "[images][tar]") {
  const std::string tar = Tar().file("a", std::string(100'000, 'x')).bytes();
  for (const char* packing : {"", "gzip", "zstd", "xz", "bzip2", "lz4", "lzma"}) {
    if (*packing != 0 && !has_program(packing)) continue;
    CAPTURE(packing);
    CHECK(import_tar(pack(tar, packing))->content("a").size() == 100'000);
  }
}

TEST_CASE("several gzip members and zstd frames follow each other, zeros may pad", "[images][tar]") {
  const std::string tar = Tar().file("a", std::string(100'000, 'x')).file("b", "y").bytes();
  const std::string half = tar.substr(0, 70'000), rest = tar.substr(70'000);
  for (const char* packing : {"gzip", "zstd"})
    CHECK(import_tar(pack(half, packing) + pack(rest, packing))->content("b") == "y");
  CHECK(import_tar(pack(half, "gzip") + pack("", "gzip") + pack(rest, "gzip") + std::string(3000, '\0'))
            ->content("b") == "y");
  const std::string skippable("\x50\x2a\x4d\x18\x04\0\0\0data", 12);
  CHECK(import_tar(skippable + pack(half, "zstd") + skippable + pack(rest, "zstd"))->content("b") == "y");
}

TEST_CASE("truncated, damaged or prolonged compressed data is refused", "[images][tar]") {
  std::string noise(300'000, '\0');
  unsigned seed = 1;
  for (char& c : noise) c = static_cast<char>((seed = seed * 1103515245 + 12345) >> 16);
  const std::string tar = Tar().file("a", noise).bytes();
  const std::string gzip = pack(tar, "gzip"), zstd = pack(tar, "zstd");
  for (const std::size_t cut :
       {std::size_t{5}, std::size_t{20}, gzip.size() / 2, gzip.size() - 8, gzip.size() - 1}) {
    CAPTURE(cut);
    CHECK_THROWS_AS(import_tar(gzip.substr(0, cut)), sabot::Refused);
  }
  CHECK_THROWS_AS(import_tar(zstd.substr(0, zstd.size() / 2)), sabot::Refused);
  std::string bad_crc = gzip;
  bad_crc[gzip.size() - 7] ^= 1;
  CHECK_THROWS_WITH(import_tar(bad_crc), Contains("checksum"));
  CHECK_THROWS_WITH(import_tar(gzip + "garbage"), Contains("garbage"));
  CHECK_THROWS_AS(import_tar(zstd + "garbage"), sabot::Refused);
}

TEST_CASE("a damaged tar is refused", "[images][tar]") {
  std::string bad_sum = Tar().file("a", "x").file("b", "y").bytes();
  bad_sum[1024] ^= 1;
  CHECK_THROWS_AS(import_tar(bad_sum), sabot::Refused);
  const std::string whole = Tar().file("a", std::string(10'000, 'x')).bytes();
  CHECK_THROWS_AS(import_tar(whole.substr(0, 5'000)), sabot::Refused);
  CHECK_THROWS_AS(import_tar("this is no archive at all" + std::string(1000, 'x')), sabot::Refused);
  CHECK_THROWS_WITH(import_tar(""), Contains("empty file"));
}

TEST_CASE("a missing end of the archive is accepted", "[images][tar]") {
  CHECK(import_tar(Tar().file("a", "x").unfinished())->content("a") == "x");
}

TEST_CASE("decompression stops at the limit", "[images][tar]") {
  ImportOptions options;
  options.max_layer_bytes = 1 << 20;
  const std::string bomb = pack(Tar().file("a", std::string(8 << 20, '\0')).bytes(), "gzip");
  CHECK_THROWS_WITH(import_tar(bomb, options), Contains("limit"));
}

TEST_CASE("the launch configuration of a tar is the given one, else its own, else empty", "[images][tar]") {
  const std::string own = R"({"User":"own"})";
  CHECK(import_tar(Tar().file("a", "x").bytes())->result.launch == LaunchConfig{});
  CHECK(import_tar(Tar().file(".sabot/config.json", own).bytes())->result.launch.user == "own");
  ImportOptions options;
  options.launch.emplace().user = "given";
  const auto image = import_tar(Tar().file(".sabot/config.json", own).bytes(), options);
  CHECK(image->result.launch.user == "given");
  CHECK(image->content(".sabot/config.json") == "{\"User\":\"given\"}\n");
  CHECK_THAT(image->listing().at(".sabot/config.json"), StartsWith("-r--r--r-- 0/0"));
  CHECK_THROWS_WITH(import_tar(Tar().file(".sabot/config.json", "no").bytes()), Contains("not valid JSON"));
  const auto forced =
      import_tar(Tar().symlink(".sabot", "/etc").directory("etc").file("etc/config.json", own).bytes());
  CHECK(forced->content(".sabot/config.json") == "{}\n");
  CHECK(forced->content("etc/config.json") == own);
}
