// SPDX-License-Identifier: Apache-2.0
// test_squashfs_damage.cc: images that are cut, overwritten, or no images at all: an error, never a crash.
// Worth most under the sanitizers.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <random>

#include "fs/image_tree.h"
#include "squashfs_fixture.h"
#include "sys/error.h"

using namespace sabot;
using namespace sabot::test;

namespace {

// Everything the server may ask of a node, with the errors swallowed one by one, as the kernel would carry
// on.
void ask_all(ImageReader& image, NodeId node, int depth, int& budget) {
  const auto attempt = [](auto&& call) {
    try {
      call();
    } catch (const std::system_error&) {
    } catch (const Refused&) {
    }
  };
  if (depth == 0 || --budget < 0) return;
  std::string buffer(200000, '\0');
  mode_t mode = 0;
  std::uint64_t size_bytes = 0;
  attempt([&] {
    const NodeAttr attr = image.attr(node);
    mode = attr.mode;
    size_bytes = attr.size_bytes;
  });
  attempt([&] { (void)image.readlink(node); });
  attempt([&] { (void)image.read(node, 0, buffer); });
  if (size_bytes > 1) attempt([&] { (void)image.read(node, size_bytes - 1, buffer); });
  attempt([&] { (void)image.read(node, size_bytes / 2, buffer); });
  attempt([&] {
    for (const std::string& name : image.list_xattrs(node)) (void)image.xattr(node, name);
  });
  attempt([&] { (void)image.lookup(node, "f1"); });
  std::vector<NodeId> children;
  attempt([&] {
    image.readdir(node, 0, [&](const DirEntry& entry) {
      children.push_back(entry.id);
      return children.size() < 50;
    });
  });
  for (const NodeId child : children) ask_all(image, child, depth - 1, budget);
}

// Whether it could be opened at all.
bool ask_image(const std::string& bytes) {
  try {
    const auto image = open_squashfs(file_of(bytes));
    int budget = 200;
    ask_all(*image, image->root(), 6, budget);
    return true;
  } catch (const std::system_error&) {
  } catch (const Refused&) {
  }
  return false;
}

std::string sample_image(const std::string& options) {
  const TempTree tree;
  tree.directory("d/e");
  for (int i = 0; i < 300; ++i) tree.symlink("d/e/" + std::to_string(i), "target");
  tree.file("f1", pattern(50000, 1));
  tree.file("d/f2", pattern(5000, 2));
  tree.file("empty", "");
  tree.symlink("link", "d/f2");
  return bytes_of(tree.image("-b 4096 -p 'null c 666 0 0 1 3' " + options).get());
}

std::uint64_t super_field(const std::string& image, std::size_t at) {
  std::uint64_t value = 0;
  if (image.size() >= at + sizeof value) std::memcpy(&value, image.data() + at, sizeof value);
  return value;
}

void put(std::string& image, std::uint64_t at, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes && at + i < image.size(); ++i)
    image[at + i] = static_cast<char>(value >> (8 * i));
}

// One change where it means something: a field of the superblock, a header of metadata, a pointer of a table,
// a number somewhere in inodes or listings, a length of the file.
void mutate(std::string& image, std::mt19937_64& random) {
  constexpr std::size_t kTables[] = {48, 56, 64, 72, 80, 88};  // where the superblock says tables are
  const auto below = [&](std::uint64_t limit) { return limit == 0 ? 0 : random() % limit; };
  const std::uint64_t extremes[] = {0,
                                    1,
                                    0x7fff,
                                    0x8000,
                                    0xffff,
                                    0x7fffffff,
                                    0xffffffff,
                                    ~std::uint64_t{0},
                                    image.size(),
                                    image.size() - 1,
                                    random(),
                                    random() & 0xffff};
  const std::uint64_t value = extremes[below(std::size(extremes))];
  const std::size_t width = std::size_t{1} << below(4);
  const std::uint64_t table = super_field(image, kTables[below(std::size(kTables))]);
  switch (below(7)) {
    case 0:  // superblock
      put(image, 4 + below(92), value, width);
      break;
    case 1:  // the first metadata block of a table, or the list of its blocks
      put(image, table, value, 2);
      break;
    case 2:  // a table begins where another does
      put(image, kTables[below(std::size(kTables))], table, 8);
      break;
    case 3:  // a number in what a table holds
      put(image, table + 2 + below(600), value, width);
      break;
    case 4:  // one bit of the tables
      if (const std::uint64_t inodes = super_field(image, 64); inodes < image.size())
        image[inodes + below(image.size() - inodes)] ^= static_cast<char>(1 << below(8));
      break;
    case 5:  // one piece of it over another
      if (const std::uint64_t from = below(image.size()), to = below(image.size()); true)
        image.replace(to, std::min<std::uint64_t>(64, image.size() - to), image.substr(from, 64));
      break;
    default:
      image.resize(96 + below(image.size()));
      break;
  }
  if (image.size() < 96) image.resize(96);
}

std::string refusal(const std::string& bytes) {
  try {
    open_squashfs(file_of(bytes));
  } catch (const std::exception& e) {
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("what is no squashfs is refused by name", "[fs][squashfs][damage]") {
  CHECK_THAT(refusal(""), Catch::Contains("too short"));
  CHECK_THAT(refusal(std::string(5000, 'x')), Catch::Contains("magic"));
  if (!have_mksquashfs()) return;
  std::string image = sample_image("-comp gzip");
  const std::string whole = image;
  image[20] = 99;
  CHECK_THAT(refusal(image), Catch::Contains("compressed with"));
  image = whole;
  image[28] = 3;
  CHECK_THAT(refusal(image), Catch::Contains("only 4.0"));
  CHECK(refusal(whole).empty());
}

TEST_CASE("an image that is cut short is refused when it is opened", "[fs][squashfs][damage]") {
  if (!have_mksquashfs()) return;
  const std::string whole = sample_image("-comp zstd -nopad");
  for (std::size_t keep = 0; keep < whole.size(); keep += 997)
    CHECK_FALSE(refusal(whole.substr(0, keep)).empty());
  CHECK_THAT(refusal(whole.substr(0, whole.size() - 1)), Catch::Contains("cut short"));
}

TEST_CASE("an image with any byte overwritten gives data or an error", "[fs][squashfs][damage]") {
  if (!have_mksquashfs()) return;
  // Stored plain, an overwritten byte reaches the decoder instead of failing to decompress.
  const std::string options =
      GENERATE(as<std::string>(), "-noI -noD -noF -noX", "-comp gzip", "-comp zstd -noI");
  const std::string whole = sample_image(options);
  std::mt19937 random(20);
  const auto pick = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  for (int round = 0; round < 1500; ++round) {
    std::string image = whole;
    // Tables are behind the data: most of the damage goes there and into the superblock.
    const std::size_t tables = image.size() - std::min<std::size_t>(image.size(), 24000);
    for (std::size_t damages = 1 + pick(4); damages > 0; --damages) {
      const std::size_t kind = pick(8);
      const std::size_t at = kind == 0  ? pick(96)
                             : kind < 6 ? tables + pick(image.size() - tables)
                                        : pick(image.size());
      image[at] = static_cast<char>(pick(3) == 0 ? 0xff : pick(256));
    }
    ask_image(image);
  }
}

TEST_CASE("mutations that know the structure give data or an error", "[fs][squashfs][damage]") {
  if (!have_mksquashfs()) return;
  const char* wanted = std::getenv("SABOT_MUTATIONS");  // in all, over three images
  const int rounds = (wanted != nullptr ? std::atoi(wanted) : 2000) / 3;
  for (const char* options :
       {"-noI -noD -noF -noX -xattrs", "-comp zstd -noI -always-use-fragments", "-comp lz4 -noX"}) {
    const std::string whole = sample_image(options);
    std::mt19937_64 random(6);
    int opened = 0;
    for (int round = 0; round < rounds; ++round) {
      std::string image = whole;
      for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) mutate(image, random);
      if (ask_image(image)) ++opened;
    }
    CHECK(opened > rounds / 10);  // else the mutations end at the door, and test nothing behind it
  }
}

TEST_CASE("superblock fields at their extremes give data or an error", "[fs][squashfs][damage]") {
  if (!have_mksquashfs()) return;
  const std::string whole = sample_image("-noI -noD -noF -noX");
  for (std::size_t at = 4; at < 96; at += 2)
    for (const unsigned value : {0U, 1U, 0x7fU, 0x80U, 0xffU})
      for (std::size_t bytes : {2, 4, 8}) {
        std::string image = whole;
        for (std::size_t i = at; i < std::min<std::size_t>(at + bytes, 96); ++i)
          image[i] = static_cast<char>(value);
        ask_image(image);
      }
}

TEST_CASE("a file that becomes shorter under the reader is an I/O error", "[fs][squashfs][damage]") {
  if (!have_mksquashfs()) return;
  const TempTree tree;
  tree.file("f", pattern(3'000'000, 1));
  UniqueFd file = file_of(bytes_of(tree.image().get()));
  const UniqueFd same{::dup(file.get())};
  const auto image = open_squashfs(std::move(file));
  const NodeId node = find(*image, "f");
  REQUIRE(::ftruncate(same.get(), 100'000) == 0);
  CHECK_THROWS_AS(read_whole(*image, node), Error);
}
