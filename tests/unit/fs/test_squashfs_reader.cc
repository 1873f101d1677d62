// SPDX-License-Identifier: Apache-2.0
// test_squashfs_reader.cc: reading images that mksquashfs wrote.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "squashfs_fixture.h"
#include "sys/error.h"

using namespace sabot;
using namespace sabot::test;

#define NEEDS_MKSQUASHFS()                     \
  if (!have_mksquashfs()) {                    \
    WARN("SKIP: mksquashfs is not installed"); \
    return;                                    \
  }

namespace {

int errno_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.code().value();
  }
  return 0;
}

}  // namespace

TEST_CASE("content is read back in every compression and block size", "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  const std::string options = GENERATE(as<std::string>(), "-comp gzip", "-comp xz", "-comp zstd", "-comp lz4",
                                       "-comp lzo", "-comp zstd -b 4096", "-comp zstd -b 1M -no-fragments",
                                       "-noI -noD -noF -noX", "-always-use-fragments -b 16K");
  const std::vector<std::size_t> sizes{0,      1,      4095,   4096,   4097,    16384,
                                       131071, 131072, 131073, 400000, 2000000, 1 << 20};
  const TempTree tree;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    tree.file("f" + std::to_string(i), pattern(sizes[i], static_cast<unsigned>(i)));
  const auto image = open_squashfs(tree.image(options));
  INFO(options);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const NodeId node = find(*image, "f" + std::to_string(i));
    const std::string expected = pattern(sizes[i], static_cast<unsigned>(i));
    CHECK(image->attr(node).size_bytes == sizes[i]);
    CHECK(read_whole(*image, node) == expected);
    CHECK(read_whole(*image, node, 70001) == expected);
    std::string one(3, '\0');
    CHECK(image->read(node, sizes[i], one) == 0);
    CHECK(image->read(node, sizes[i] + 12345, one) == 0);
    if (sizes[i] > 2) {
      CHECK(image->read(node, sizes[i] - 2, one) == 2);
      CHECK(one.substr(0, 2) == expected.substr(sizes[i] - 2));
    }
  }
}

TEST_CASE("the first inode, whose id is 0, is a file like any other", "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  const TempTree tree;
  tree.symlink("bin", "usr/bin");
  const auto image = open_squashfs(tree.image());
  CHECK(find(*image, "bin") == 0);
  CHECK(image->readlink(0) == "usr/bin");
  CHECK(S_ISLNK(image->attr(0).mode));
}

TEST_CASE("attributes are those of the tree", "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  const TempTree tree;
  tree.directory("d/e");
  tree.file("d/f", "text");
  ::chmod(tree.path("d/f").c_str(), 04751);
  REQUIRE(::link(tree.path("d/f").c_str(), tree.path("g").c_str()) == 0);
  const timespec times[2] = {{1'000'000'000, 0}, {1'234'567'890, 0}};
  ::utimensat(AT_FDCWD, tree.path("g").c_str(), times, 0);
  const auto image = open_squashfs(
      tree.image("-p 'null c 666 0 7 1 3' -p 'big b 600 0 0 300 70000' -p 'pipe f 622 5 6 cat /dev/null' "
                 "-force-uid 4321 -force-gid 1234"));
  const NodeAttr f = image->attr(find(*image, "d/f"));
  CHECK(f.mode == (S_IFREG | 04751));
  CHECK(f.nlink == 2);
  CHECK(f.mtime_s == 1'234'567'890);
  CHECK(f.uid == 4321);
  CHECK(f.gid == 1234);
  CHECK(find(*image, "g") == find(*image, "d/f"));
  CHECK(image->attr(image->root()).nlink == 3);
  CHECK(image->attr(find(*image, "null")).mode == (S_IFCHR | 0666));
  CHECK(image->attr(find(*image, "null")).rdev == makedev(1, 3));
  CHECK(image->attr(find(*image, "big")).rdev == makedev(300, 70000));
  CHECK(image->totals().inodes == 7);
}

TEST_CASE("a wrong kind of inode is an error", "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  const TempTree tree;
  tree.file("f", "text");
  const auto image = open_squashfs(tree.image());
  const NodeId file = find(*image, "f");
  std::string buffer(10, '\0');
  CHECK(errno_of([&] { image->lookup(file, "x"); }) == ENOTDIR);
  CHECK(errno_of([&] { image->readdir(file, 0, [](const DirEntry&) { return true; }); }) == ENOTDIR);
  CHECK(errno_of([&] { image->readlink(file); }) == EINVAL);
  CHECK(errno_of([&] { image->read(image->root(), 0, buffer); }) == EISDIR);
  CHECK(errno_of([&] { image->attr(0xffffffffffff); }) == EIO);
  CHECK(errno_of([&] { image->attr(0xfff0); }) == EIO);
}

TEST_CASE("large directories are listed in full, from any cookie, and every name is found",
          "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  constexpr int kEntries = 20000;
  const TempTree tree;
  tree.directory("d");
  for (int i = 0; i < kEntries; ++i) tree.symlink("d/" + std::to_string(i), "t");
  const auto image = open_squashfs(tree.image());
  const NodeId dir = find(*image, "d");
  std::vector<std::string> names;
  std::uint64_t middle = 0;
  image->readdir(dir, 0, [&](const DirEntry& entry) {
    names.emplace_back(entry.name);
    if (names.size() == 777) middle = entry.next_cookie;
    return true;
  });
  REQUIRE(names.size() == kEntries);
  std::string next;
  image->readdir(dir, middle, [&](const DirEntry& entry) {
    next = entry.name;
    return false;
  });
  CHECK(next == names[777]);
  for (int i = 0; i < kEntries; i += 7) CHECK(image->lookup(dir, std::to_string(i)));
  CHECK_FALSE(image->lookup(dir, "none"));
  CHECK_FALSE(image->lookup(dir, ""));
}

TEST_CASE("files of many blocks are read at any offset, holes as zeros", "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  const TempTree tree;
  tree.file("big", "start");
  constexpr std::uint64_t kSize =
      (100U << 20) + 3;  // 25,601 blocks: more than 4 GiB is for the end-to-end test
  REQUIRE(::truncate(tree.path("big").c_str(), static_cast<off_t>(kSize)) == 0);
  const UniqueFd fd{::open(tree.path("big").c_str(), O_WRONLY | O_CLOEXEC)};
  REQUIRE(::pwrite(fd.get(), "middle", 6, (off_t{30} << 20) - 3) == 6);
  REQUIRE(::pwrite(fd.get(), "end", 3, static_cast<off_t>(kSize) - 3) == 3);
  const auto image = open_squashfs(tree.image("-comp zstd -b 4096"));
  const NodeId node = find(*image, "big");
  CHECK(image->attr(node).size_bytes == kSize);
  CHECK(image->attr(node).allocated_bytes < (1 << 20));
  const auto read_at = [&](std::uint64_t offset, std::size_t bytes) {
    std::string text(bytes, 'x');
    text.resize(image->read(node, offset, text));
    return text;
  };
  CHECK(read_at(0, 6) == std::string("start\0", 6));
  CHECK(read_at((30U << 20) - 4, 8) == std::string("\0middle\0", 8));
  CHECK(read_at(kSize - 4, 100) == std::string("\0end", 4));
  CHECK(read_at(40U << 20, 5) == std::string(5, '\0'));
  CHECK(read_at(kSize, 5).empty());
}

TEST_CASE("extended attributes are listed and read, with their own prefixes", "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  const TempTree tree;
  tree.file("a", "1");
  tree.file("b", "2");
  tree.file("plain", "3");
  const std::string large = pattern(3000, 9);
  const auto set = [&](const char* file, const char* name, const std::string& value) {
    return ::setxattr(tree.path(file).c_str(), name, value.data(), value.size(), 0) == 0;
  };
  if (!set("a", "user.small", "v") || !set("a", "user.large", large) || !set("b", "user.large", large) ||
      !set("b", "user.empty", "")) {
    WARN("SKIP: the temporary directory takes no user xattrs");
    return;
  }
  const bool as_root = set("b", "trusted.t", "T") && set("b", "security.s", "S");
  const auto image = open_squashfs(tree.image("-xattrs"));
  const NodeId a = find(*image, "a");
  const NodeId b = find(*image, "b");
  CHECK(image->has_xattrs());
  CHECK(image->list_xattrs(a).size() == 2);
  CHECK(image->xattr(a, "user.small") == "v");
  CHECK(image->xattr(a, "user.large") == large);
  CHECK(image->xattr(b, "user.large") == large);
  CHECK(image->xattr(b, "user.empty") == "");
  CHECK(image->xattr(b, "user.small") == std::nullopt);
  CHECK(image->xattr(b, "system.posix_acl_access") == std::nullopt);
  CHECK(image->list_xattrs(find(*image, "plain")).empty());
  if (!as_root) return;
  CHECK(image->xattr(b, "trusted.t") == "T");
  CHECK(image->xattr(b, "security.s") == "S");
}

TEST_CASE("an image without extended attributes says so", "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  const TempTree tree;
  tree.file("f", "text");
  CHECK_FALSE(open_squashfs(tree.image("-no-xattrs"))->has_xattrs());
}

TEST_CASE("an image may start behind a header of its container", "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  const TempTree tree;
  tree.file("f", "text");
  const std::string bytes = std::string(4711, '#') + bytes_of(tree.image().get());
  const auto image = open_squashfs(file_of(bytes), {.offset = 4711});
  CHECK(read_whole(*image, find(*image, "f")) == "text");
  CHECK_THROWS_AS(open_squashfs(file_of(bytes)), Refused);
  CHECK_THROWS_AS(open_squashfs(file_of(bytes), {.offset = 1 << 30}), Refused);
}

TEST_CASE("an image ends where its container says, whatever comes after", "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  const TempTree tree;
  tree.file("f", "text");
  const std::string image = bytes_of(tree.image().get());
  const std::string bytes = std::string(32768, '#') + image + std::string(9999, '#');
  CHECK(read_whole(*open_squashfs(file_of(bytes), {32768, image.size()}), 0) == "text");
  for (const ImagePlace place : {ImagePlace{32768, 5000000},
                                 {32768, 95},
                                 {32768, 200},
                                 {1 << 30, 1},
                                 {~std::uint64_t{0}, ~std::uint64_t{0}},
                                 {32768, ~std::uint64_t{0}}})
    CHECK_THROWS_AS(open_squashfs(file_of(bytes), place), Refused);
}

TEST_CASE("several threads read one image at once", "[fs][squashfs]") {
  NEEDS_MKSQUASHFS()
  const TempTree tree;
  for (unsigned i = 0; i < 20; ++i) tree.file("f" + std::to_string(i), pattern(300000 + i, i));
  const auto image = open_squashfs(tree.image("-comp zstd"));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 20; ++i) {
        const unsigned n = (i * 7 + t) % 20;
        if (read_whole(*image, find(*image, "f" + std::to_string(n))) != pattern(300000 + n, n)) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
