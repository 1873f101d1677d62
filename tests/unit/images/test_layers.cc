// SPDX-License-Identifier: Apache-2.0
// test_layers.cc: what several layers come to: whiteouts, opaque directories, replaced files, links between
// layers.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;

namespace {
ino_t inode_of(const fs::path& path) {
  struct stat st {};
  REQUIRE(::lstat(path.c_str(), &st) == 0);
  return st.st_ino;
}
nlink_t links_of(const fs::path& path) {
  struct stat st {};
  REQUIRE(::lstat(path.c_str(), &st) == 0);
  return st.st_nlink;
}
}  // namespace

TEST_CASE("a file of an upper layer replaces that of a lower one", "[images][layer]") {
  const auto image =
      import_layers({Tar().file("a", "old").file("b", "kept").bytes(), Tar().file("a", "new").bytes()});
  CHECK(image->content("a") == "new");
  CHECK(image->content("b") == "kept");
}

TEST_CASE("a whiteout hides lower layers and not its own", "[images][layer]") {
  const auto image = import_layers(
      {Tar().file("gone", "x").file("d/inner", "x").file("back", "old").bytes(),
       Tar().file("back", "new").file(".wh.back", "").file(".wh.gone", "").file(".wh.d", "").bytes()});
  CHECK_FALSE(image->has("gone"));
  CHECK_FALSE(image->has("d"));
  CHECK(image->content("back") == "new");
  for (const auto& [name, line] : image->listing()) CHECK_THAT(name, !Contains(".wh."));
}

TEST_CASE("a whiteout of a name that does not exist is ignored", "[images][layer]") {
  const auto image = import_layers({Tar().file("a", "x").bytes(), Tar().file("p/q/.wh.none", "").bytes()});
  CHECK(image->content("a") == "x");
}

TEST_CASE("an opaque directory hides lower layers wherever its marker stands", "[images][layer]") {
  const std::string lower = Tar().file("d/old", "x").directory("d/sub").file("d/sub/deep", "x").bytes();
  const auto last =
      import_layers({lower, Tar().directory("d").file("d/new", "y").file("d/.wh..wh..opq", "").bytes()});
  const auto first =
      import_layers({lower, Tar().file("d/.wh..wh..opq", "").directory("d").file("d/new", "y").bytes()});
  for (const auto* image : {&last, &first}) {
    CHECK_FALSE((*image)->has("d/old"));
    CHECK_FALSE((*image)->has("d/sub"));
    CHECK((*image)->content("d/new") == "y");
  }
}

TEST_CASE("an opaque root leaves the upper layer alone", "[images][layer]") {
  const auto image =
      import_layers({Tar().file("a", "x").bytes(), Tar().file(".wh..wh..opq", "").file("b", "y").bytes()});
  CHECK_FALSE(image->has("a"));
  CHECK(image->content("b") == "y");
}

TEST_CASE("AUFS leftovers are ignored", "[images][layer]") {
  const auto image = import_layers({Tar()
                                        .directory(".wh..wh.plnk")
                                        .file(".wh..wh.plnk/1.2", "x")
                                        .file(".wh..wh.aufs", "")
                                        .file("a", "x")
                                        .bytes()});
  CHECK(image->listing().size() == 4);  // the root, a, .sabot and its file
}

TEST_CASE("a whiteout that names nothing or a parent is refused", "[images][layer]") {
  for (const char* name : {".wh.", "d/.wh.", ".wh..", ".wh..."})
    CHECK_THROWS_WITH(import_layers({Tar().file(name, "").bytes()}), Contains("whiteout that names nothing"));
  CHECK_NOTHROW(import_layers({Tar().file(".wh..../x", "").bytes()}));
  CHECK_THROWS_WITH(import_layers({Tar().hard_link("a", ".wh.b").bytes()}), Contains("does not exist"));
}

TEST_CASE("a marker in a plain tar is only a name", "[images][layer]") {
  const auto image = import_tar(Tar().file(".wh.a", "x").bytes());
  CHECK(image->content(".wh.a") == "x");
}

TEST_CASE("a file in place of a directory takes its children away", "[images][layer]") {
  const auto image = import_layers({Tar().file("d/x", "1").bytes(), Tar().file("d", "file").bytes()});
  CHECK(image->content("d") == "file");
  CHECK_FALSE(image->has("d/x"));
}

TEST_CASE("a directory in place of a file begins empty, whatever was below before", "[images][layer]") {
  const auto image = import_layers({Tar().file("d/old", "1").bytes(), Tar().file("d", "file").bytes(),
                                    Tar().directory("d", 0700).file("d/new", "2").bytes()});
  CHECK_FALSE(image->has("d/old"));
  CHECK(image->content("d/new") == "2");
}

TEST_CASE("a directory over a directory replaces attributes alone", "[images][layer]") {
  const auto image = import_layers(
      {Tar().directory("d", 0755).file("d/x", "1").bytes(), Tar().directory("d", 01777).bytes()});
  CHECK_THAT(image->listing().at("d"), Catch::StartsWith("drwxrwxrwt"));
  CHECK(image->content("d/x") == "1");
}

TEST_CASE("missing parents are root's and 0755, and the root entry carries the root's mode",
          "[images][layer]") {
  const auto image = import_layers({Tar().directory("./", 0711).file("./a/b/c", "x").bytes()});
  CHECK_THAT(image->listing().at("a/b"), Catch::StartsWith("drwxr-xr-x 0/0"));
  CHECK_THAT(image->listing().at(""), Catch::StartsWith("drwx--x--x"));
}

TEST_CASE("a hard link reaches into a lower layer and shares its inode", "[images][layer]") {
  const auto image =
      import_layers({Tar().file("low", "data").bytes(), Tar().hard_link("high", "low").bytes()});
  CHECK(image->content("high") == "data");
  CHECK(inode_of(image->tree() / "high") == inode_of(image->tree() / "low"));
  CHECK(links_of(image->tree() / "high") == 2);
}

TEST_CASE("a hard link keeps the data of a file whose own name an upper layer hides", "[images][layer]") {
  const std::string lower = Tar().file("a", "data").hard_link("b", "a").bytes();
  const auto whiteout = import_layers({lower, Tar().file(".wh.a", "").bytes()});
  CHECK_FALSE(whiteout->has("a"));
  CHECK(whiteout->content("b") == "data");
  CHECK(links_of(whiteout->tree() / "b") == 1);
  const auto replaced = import_layers({lower, Tar().file("a", "new").bytes()});
  CHECK(replaced->content("a") == "new");
  CHECK(replaced->content("b") == "data");
}

TEST_CASE("a hard link of a middle layer keeps data that the top layer hides", "[images][layer]") {
  const auto image = import_layers({Tar().file("d/a", "data").bytes(), Tar().hard_link("b", "d/a").bytes(),
                                    Tar().file("d/.wh..wh..opq", "").bytes()});
  CHECK_FALSE(image->has("d/a"));
  CHECK(image->content("b") == "data");
}

TEST_CASE("hard links of hard links, of symlinks and of FIFOs are one inode each", "[images][layer]") {
  const auto image = import_layers({Tar()
                                        .file("a", "x")
                                        .hard_link("b", "a")
                                        .hard_link("/c", "/b")
                                        .symlink("s", "a")
                                        .hard_link("t", "s")
                                        .node("f", '6')
                                        .hard_link("g", "f")
                                        .bytes()});
  CHECK(links_of(image->tree() / "c") == 3);
  CHECK(fs::read_symlink(image->tree() / "t") == "a");
  CHECK(links_of(image->tree() / "t") == 2);
  CHECK(fs::is_fifo(image->tree() / "g"));
}

TEST_CASE("a hard link to nothing, to a directory or to itself is refused", "[images][layer]") {
  CHECK_THROWS_WITH(import_layers({Tar().hard_link("a", "none").bytes()}), Contains("does not exist"));
  CHECK_THROWS_WITH(import_layers({Tar().hard_link("a", "/etc/passwd").bytes()}), Contains("does not exist"));
  CHECK_THROWS_WITH(import_layers({Tar().directory("d").hard_link("a", "d").bytes()}),
                    Contains("is a directory"));
  CHECK_THROWS_WITH(import_layers({Tar().file("a", "x").hard_link("a", "a").bytes()}), Contains("is itself"));
  CHECK_THROWS_WITH(
      import_layers({Tar().file("a", "x").bytes(), Tar().file(".wh.a", "").hard_link("b", "a").bytes()}),
      Contains("does not exist"));
  CHECK_THROWS_WITH(import_layers({Tar().hard_link("a", "../x").bytes()}), Contains("leaves the image root"));
}

TEST_CASE("a parent that is a symlink is followed inside the image and never outside", "[images][layer]") {
  const auto image =
      import_layers({Tar()
                         .directory("usr/lib")
                         .symlink("lib", "usr/lib")
                         .symlink("up", "../../../etc")
                         .symlink("abs", "/abs2")
                         .bytes(),
                     Tar().file("lib/x", "1").file("up/passwd", "2").file("abs/y", "3").bytes()});
  CHECK(image->content("usr/lib/x") == "1");
  CHECK(image->content("etc/passwd") == "2");
  CHECK(image->content("abs2/y") == "3");
  CHECK_THAT(image->listing().at("lib"), Catch::StartsWith("lrwx"));
}

TEST_CASE("a lower file reached by another name through a symlink keeps its bytes", "[images][layer]") {
  // The names alone say that the upper usr/lib/f hides the lower one; but the lower usr/lib led elsewhere
  // then.
  const auto image =
      import_layers({Tar().directory("other").symlink("usr/lib", "/other").file("usr/lib/f", "low").bytes(),
                     Tar().file("usr/.wh.lib", "").directory("usr/lib").file("usr/lib/f", "high").bytes()});
  CHECK(image->content("other/f") == "low");
  CHECK(image->content("usr/lib/f") == "high");
}

TEST_CASE("a whiteout through a symlinked parent hides nothing", "[images][layer]") {
  const auto image = import_layers(
      {Tar().file("usr/lib/x", "1").symlink("lib", "usr/lib").bytes(), Tar().file("lib/.wh.x", "").bytes()});
  CHECK(image->content("usr/lib/x") == "1");
}

TEST_CASE("symlinks without end are refused when a name leads through them", "[images][layer]") {
  CHECK_THROWS_WITH(import_layers({Tar().symlink("a", "b").symlink("b", "a").file("a/x", "1").bytes()}),
                    Contains("without end"));
  CHECK_NOTHROW(import_layers({Tar().symlink("a", "b").symlink("b", "a").bytes()}));
}

TEST_CASE("a file below a file is refused", "[images][layer]") {
  CHECK_THROWS_WITH(import_layers({Tar().file("a", "x").file("a/b", "y").bytes()}),
                    Contains("not a directory"));
}

TEST_CASE("a name that climbs out of the image is refused", "[images][layer]") {
  for (const char* name : {"../escape", "a/../../escape", "a/..", ".."})
    CHECK_THROWS_WITH(import_layers({Tar().file(name, "x").bytes()}), Contains("leaves the image root"));
  CHECK_THROWS_WITH(import_layers({Tar().pax({{"path", "../escape"}}).file("a", "x").bytes()}),
                    Contains("leaves the image root"));
}

TEST_CASE("absolute names lose their slash", "[images][layer]") {
  const auto image = import_layers({Tar().file("/etc/x", "1").file("//etc/./y", "2").bytes()});
  CHECK(image->content("etc/x") == "1");
  CHECK(image->content("etc/y") == "2");
}

TEST_CASE("of a name given twice in one layer the later one counts, and a note says so", "[images][layer]") {
  const auto image = import_layers({Tar().file("a", "first").file("a", "second").bytes()});
  CHECK(image->content("a") == "second");
  CHECK(image->noted("'a': given twice"));
}

TEST_CASE("an image of no layers is an empty root", "[images][layer]") {
  const auto image = import_layers({});
  CHECK(image->listing().size() == 3);
  CHECK(image->result.inode_count == 3);
}

TEST_CASE("a tree built deeper and deeper through symlinks is refused", "[images][layer]") {
  Tar tar;
  std::string deep = "d";
  for (int i = 0; i < 45; ++i) deep += "/d";  // within the 100 bytes of a plain header
  for (int i = 0; i < 60; ++i) {
    const std::string link = "s" + std::to_string(i);
    tar.directory(i == 0 ? deep : "s" + std::to_string(i - 1) + "/" + deep);
    tar.symlink(link, i == 0 ? deep : "s" + std::to_string(i - 1) + "/" + deep);
  }
  CHECK_THROWS_AS(import_layers({tar.bytes()}), sabot::Refused);
}
