// SPDX-License-Identifier: Apache-2.0
// test_image_tree.cc: the tree of image and synthetic entries, over an image in memory.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <set>

#include "fake_image.h"
#include "fs/image_tree.h"
#include "sys/error.h"

using namespace sabot;
using sabot::test::FakeImage;
using Kind = ImageTree::Kind;

namespace {

ImageTree sample_tree() {
  auto image = std::make_unique<FakeImage>();
  image->directory("/etc").file("/etc/passwd", "root:x:0:0::/:/bin/sh\n").file("/etc/group", "root:x:0:\n");
  image->directory("/usr").directory("/usr/lib").directory("/usr/lib/empty");
  image->symlink("/lib", "usr/lib").symlink("/abs", "/usr/lib").symlink("/up", "../../../../etc");
  image->symlink("/etc/resolv.conf", "/run/resolv/stub.conf").symlink("/etc/alias", "passwd");
  image->symlink("/loop", "loop2").symlink("/loop2", "loop");
  image->special("/pipe", S_IFIFO | 0600).special("/null", S_IFCHR | 0666);
  image->hard_link("/usr/passwd", "/etc/passwd");
  return ImageTree(std::move(image));
}

NodeId node_at(const ImageTree& tree, const std::string& path) {  // of a path without symlinks
  NodeId node = ImageTree::kRoot;
  for (std::size_t from = 1; from < path.size();) {
    const std::size_t to = std::min(path.find('/', from), path.size());
    node = tree.lookup(node, path.substr(from, to - from)).value();
    from = to + 1;
  }
  return node;
}

std::vector<std::string> names_in(const ImageTree& tree, const std::string& path) {
  std::vector<std::string> names;
  tree.readdir(node_at(tree, path), 0, [&](const DirEntry& entry) {
    names.emplace_back(entry.name);
    return true;
  });
  return names;
}

std::string content_of(const ImageTree& tree, const std::string& path) {
  return tree.read_image_file(path, 1 << 20).value();
}

}  // namespace

TEST_CASE("what was added is listed parents first, with what it replaces", "[fs][tree]") {
  auto image = std::make_unique<FakeImage>();
  image->directory("/etc").file("/etc/passwd", "old").directory("/run").symlink("/var", "run");
  ImageTree tree{std::move(image)};
  tree.add_directory("/var/a/b");
  tree.add_directory("/etc");
  tree.add_file("/etc/passwd", "new", 0600);
  tree.ensure_file("/etc/passwd");
  std::string text;
  for (const ImageTree::Addition& one : tree.additions())
    text += one.path + (S_ISDIR(one.mode) ? "/" : "=" + one.content) + (one.replaces ? "! " : " ");
  CHECK(text == "/run/a/ /run/a/b/ /etc/passwd=new! ");
}

TEST_CASE("node ids suit FUSE: root is 1, none is 0, the image's and ours do not meet", "[fs][tree]") {
  auto image = std::make_unique<FakeImage>();
  image->file("/a", "");
  ImageTree tree(std::move(image));
  tree.add_file("/b", "");
  CHECK(tree.attr(ImageTree::kRoot).ino == 1);
  CHECK(node_at(tree, "/a") == 1 + 2);
  CHECK(node_at(tree, "/b") == ImageTree::kSynthetic);
  CHECK_THROWS_AS(tree.attr(0), Error);
  CHECK_THROWS_AS(tree.attr(ImageTree::kSynthetic | 7), Error);
}

TEST_CASE("hard links of the image share an id", "[fs][tree]") {
  const ImageTree tree = sample_tree();
  CHECK(node_at(tree, "/usr/passwd") == node_at(tree, "/etc/passwd"));
  CHECK(tree.attr(node_at(tree, "/usr/passwd")).nlink == 2);
}

TEST_CASE("a directory of the image is its own mount point", "[fs][tree]") {
  ImageTree tree = sample_tree();
  CHECK(tree.add_directory("/usr/lib/empty") == "/usr/lib/empty");
  CHECK(names_in(tree, "/usr/lib") == std::vector<std::string>{"empty"});
  CHECK(tree.add_directory("/") == "/");
  CHECK(tree.add_directory("") == "/");
}

TEST_CASE("missing directories of a mount point are made", "[fs][tree]") {
  ImageTree tree = sample_tree();
  CHECK(tree.kind_of("/scratch/u") == Kind::missing);
  CHECK(tree.add_directory("/scratch//u/./v/") == "/scratch/u/v");
  CHECK(tree.kind_of("/scratch/u/v") == Kind::directory);
  CHECK(tree.is_empty_directory("/scratch/u/v"));
  CHECK_FALSE(tree.is_empty_directory("/scratch"));
  const NodeAttr made = tree.attr(node_at(tree, "/scratch/u"));
  CHECK(made.mode == (S_IFDIR | 0755));
  CHECK(made.nlink == 3);
  CHECK(tree.attr(ImageTree::kRoot).nlink == 3);  // 2 of the image's own, and /scratch
}

TEST_CASE("symlinks lead to the mount point inside the image, never out of it", "[fs][tree]") {
  ImageTree tree = sample_tree();
  CHECK(tree.add_directory("/lib/a") == "/usr/lib/a");
  CHECK(tree.add_directory("/abs/b") == "/usr/lib/b");
  CHECK(tree.add_directory("/up/c") == "/etc/c");
  CHECK(tree.add_directory("/../../d") == "/d");
  CHECK(tree.add_directory("/lib/../e") == "/usr/e");
  CHECK(names_in(tree, "/usr/lib") == std::vector<std::string>{"a", "b", "empty"});
  CHECK(tree.resolve("/lib/a") == "/usr/lib/a");
  CHECK(tree.resolve("/lib/none") == std::nullopt);
  CHECK(tree.resolve("lib") == "/usr/lib");
}

TEST_CASE("a non-directory in the way of a mount point is refused by name", "[fs][tree]") {
  ImageTree tree = sample_tree();
  CHECK_THROWS_WITH(tree.add_directory("/etc/passwd"), Catch::Contains("'/etc/passwd' is not a directory"));
  CHECK_THROWS_WITH(tree.add_directory("/etc/alias/x"), Catch::Contains("'/etc/passwd' is not a directory"));
  CHECK_THROWS_AS(tree.add_directory("/pipe/x"), Refused);
  CHECK_THROWS_AS(tree.add_directory("/null"), Refused);
  CHECK_THROWS_AS(tree.add_directory("/etc/passwd/../x"), Refused);
}

TEST_CASE("a loop of symlinks ends with ELOOP", "[fs][tree]") {
  ImageTree tree = sample_tree();
  try {
    tree.add_directory("/loop/x");
    FAIL("resolved a loop");
  } catch (const Error& e) {
    CHECK(e.code().value() == ELOOP);
  }
  CHECK_THROWS_AS(tree.kind_of("/loop"), Error);
}

TEST_CASE("forty symlinks in a row are followed and one more is not", "[fs][tree]") {
  auto image = std::make_unique<FakeImage>();
  image->directory("/l0");
  for (int i = 1; i <= 41; ++i) image->symlink("/l" + std::to_string(i), "l" + std::to_string(i - 1));
  const ImageTree tree(std::move(image));
  CHECK(tree.resolve("/l40") == "/l0");
  CHECK_THROWS_AS(tree.resolve("/l41"), Error);
}

TEST_CASE("a file is added beside the image's own, with its parents", "[fs][tree]") {
  ImageTree tree = sample_tree();
  CHECK(tree.add_file("/run/sabot/env", "A=1\n", 0600) == "/run/sabot/env");
  CHECK(content_of(tree, "/run/sabot/env") == "A=1\n");
  const NodeAttr attr = tree.attr(node_at(tree, "/run/sabot/env"));
  CHECK(attr.mode == (S_IFREG | 0600));
  CHECK(attr.size_bytes == 4);
  CHECK(attr.nlink == 1);
}

TEST_CASE("a file replaces the image's own, once in every listing", "[fs][tree]") {
  ImageTree tree = sample_tree();
  const std::string old = content_of(tree, "/etc/passwd");
  CHECK(tree.add_file("/etc/passwd", old + "me:x:1000:1000::/:/bin/sh\n") == "/etc/passwd");
  CHECK(content_of(tree, "/etc/passwd") == old + "me:x:1000:1000::/:/bin/sh\n");
  CHECK(content_of(tree, "/usr/passwd") == old);  // the image's other name for it is another entry
  CHECK(names_in(tree, "/etc") == std::vector<std::string>{"passwd", "alias", "group", "resolv.conf"});
  tree.add_file("/etc/passwd", "again");
  CHECK(content_of(tree, "/etc/passwd") == "again");
  CHECK(names_in(tree, "/etc").size() == 4);
}

TEST_CASE("a file goes where a final symlink leads, even when nothing is there yet", "[fs][tree]") {
  ImageTree tree = sample_tree();
  CHECK(tree.add_file("/etc/resolv.conf", "nameserver ::1\n") == "/run/resolv/stub.conf");
  CHECK(content_of(tree, "/etc/resolv.conf") == "nameserver ::1\n");
  CHECK(S_ISLNK(tree.attr(node_at(tree, "/etc/resolv.conf")).mode));
  CHECK(tree.add_file("/etc/alias", "x") == "/etc/passwd");
}

TEST_CASE("a file in place of a directory is refused", "[fs][tree]") {
  ImageTree tree = sample_tree();
  CHECK_THROWS_WITH(tree.add_file("/lib", "x"), Catch::Contains("'/usr/lib' is a directory"));
  CHECK_THROWS_AS(tree.add_file("/", "x"), Refused);
  CHECK_THROWS_AS(tree.ensure_file("/etc"), Refused);
  CHECK_THROWS_AS(tree.add_file("/etc/passwd/x", "x"), Refused);
}

TEST_CASE("a mount point for a file is made only where there is none", "[fs][tree]") {
  ImageTree tree = sample_tree();
  CHECK(tree.ensure_file("/etc/group") == "/etc/group");
  CHECK(content_of(tree, "/etc/group") == "root:x:0:\n");
  CHECK(tree.ensure_file("/null") == "/null");
  CHECK(tree.kind_of("/null") == Kind::other);
  CHECK(tree.ensure_file("/opt/tool") == "/opt/tool");
  CHECK(tree.attr(node_at(tree, "/opt/tool")).mode == (S_IFREG | 0644));
  CHECK(content_of(tree, "/opt/tool").empty());
}

TEST_CASE("reading a file of the image says what is not one, and how large is too large", "[fs][tree]") {
  const ImageTree tree = sample_tree();
  CHECK(tree.read_image_file("/etc/alias", 100) == "root:x:0:0::/:/bin/sh\n");
  CHECK(tree.read_image_file("/etc/none", 100) == std::nullopt);
  CHECK(tree.read_image_file("/etc/resolv.conf", 100) == std::nullopt);  // dangling
  CHECK_THROWS_AS(tree.read_image_file("/etc", 100), Refused);
  CHECK_THROWS_AS(tree.read_image_file("/pipe", 100), Refused);
  CHECK_THROWS_AS(tree.read_image_file("/etc/passwd", 5), Refused);
}

TEST_CASE("a listing can be left and continued at every entry", "[fs][tree]") {
  ImageTree tree = sample_tree();
  tree.add_file("/etc/aaa", "");
  tree.add_file("/etc/zzz", "");
  tree.add_file("/etc/group", "mine");
  const std::vector<std::string> whole = names_in(tree, "/etc");
  CHECK(std::set<std::string>(whole.begin(), whole.end()).size() == whole.size());
  CHECK(whole.size() == 6);
  std::vector<std::string> stepwise;
  for (std::uint64_t cookie = 0, before = 1; cookie != before;) {
    before = cookie;
    bool taken = false;
    tree.readdir(node_at(tree, "/etc"), cookie, [&](const DirEntry& entry) {
      if (taken) return false;
      taken = true;
      stepwise.emplace_back(entry.name);
      cookie = entry.next_cookie;
      return true;
    });
  }
  CHECK(stepwise == whole);
}

TEST_CASE("synthetic entries have no extended attributes and the image keeps its own", "[fs][tree]") {
  ImageTree tree = sample_tree();
  tree.add_file("/new", "");
  CHECK(tree.list_xattrs(node_at(tree, "/new")).empty());
  CHECK(tree.xattr(node_at(tree, "/new"), "user.of_image") == std::nullopt);
  CHECK(tree.list_xattrs(node_at(tree, "/etc")).size() == 1);
}

TEST_CASE("what is no path is refused", "[fs][tree]") {
  ImageTree tree = sample_tree();
  CHECK_THROWS_AS(tree.add_directory(std::string_view("/a\0b", 4)), Refused);
  CHECK_THROWS_AS(tree.add_directory("/" + std::string(256, 'n')), Error);
  CHECK_THROWS_AS(tree.add_directory(std::string(5000, '/')), Refused);
}
