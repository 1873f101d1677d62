// SPDX-License-Identifier: Apache-2.0
// test_start_profile.cc: reading ahead by a profile: what it records, and that a false one changes nothing.
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "fs/read_ahead.h"
#include "fs/start_profile.h"
#include "squashfs_fixture.h"
#include "sys/error.h"

using namespace sabot;
using namespace sabot::test;

namespace {

StartProfile sample_profile() {
  return {2, {{96, 4000, true}, {5000, 131072, false}, {std::uint64_t{1} << 40, 1, true}}};
}

std::string content_of(ImageReader& image, const std::string& name) {
  return read_whole(image, find(image, name));
}

StartProfile profile_in(int fd) {
  check(::lseek(fd, 0, SEEK_SET), "lseek");
  return load_profile(fd);
}

// What reading all files of `image` gives while it reads ahead by what `profile` holds.
std::vector<std::string> read_by(int image_fd, int profile_fd, int files) {
  const auto image = open_squashfs(UniqueFd{::dup(image_fd)});
  check(::lseek(profile_fd, 0, SEEK_SET), "lseek");
  const ReadAhead ahead(*image, UniqueFd{::dup(profile_fd)});
  std::vector<std::string> contents;
  for (int i = 0; i < files; ++i) contents.push_back(content_of(*image, "f" + std::to_string(i)));
  return contents;
}

}  // namespace

TEST_CASE("a profile is read as it was written", "[fs][profile]") {
  CHECK(decode_profile(encode_profile(sample_profile())) == sample_profile());
  CHECK(decode_profile(encode_profile({})) == StartProfile{});
  CHECK(decode_profile(encode_profile(sample_profile()) + "rest of a longer one") == sample_profile());
}

TEST_CASE("a profile that is cut, torn or too long is no profile", "[fs][profile]") {
  const std::string whole = encode_profile(sample_profile());
  for (std::size_t keep = 0; keep < whole.size(); ++keep) CHECK_FALSE(decode_profile(whole.substr(0, keep)));
  for (std::size_t at = 12; at < whole.size(); ++at) {
    std::string torn = whole;
    torn[at] ^= 1;
    CAPTURE(at);
    CHECK_FALSE(decode_profile(torn));
  }
  StartProfile large;
  large.blocks.resize(kProfileBlocksMax + 1);
  CHECK_FALSE(decode_profile(encode_profile(large)));
  CHECK(load_profile(file_of(std::string(kProfileBytesMax + 1, 'x')).get()) == StartProfile{});
  CHECK(load_profile(-1) == StartProfile{});
}

TEST_CASE("merging adds what is new behind what is known, up to the limit", "[fs][profile]") {
  StartProfile merged = merge(sample_profile(), {{7, 7, true}, {96, 4000, true}});
  CHECK(merged.runs == 3);
  REQUIRE(merged.blocks.size() == 4);
  CHECK(merged.blocks.back() == StoredBlock{7, 7, true});
  std::vector<StoredBlock> many(kProfileBlocksMax + 9);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].position = i;
  CHECK(merge(merged, many).blocks.size() == kProfileBlocksMax);
}

TEST_CASE("what was read is recorded, and the next start has it ready", "[fs][profile]") {
  if (!have_mksquashfs()) return;
  const TempTree tree;
  for (unsigned i = 0; i < 6; ++i) tree.file("f" + std::to_string(i), pattern(300000 + i, i));
  const UniqueFd image = tree.image("-comp zstd");
  const UniqueFd profile = file_of("");
  read_by(image.get(), profile.get(), 3);
  const StartProfile first = profile_in(profile.get());
  CHECK(first.runs == 1);
  CHECK(first.blocks.size() >= 7);  // two whole blocks of each file, and their fragments
  read_by(image.get(), profile.get(), 6);
  CHECK(profile_in(profile.get()).blocks.size() > first.blocks.size());

  const auto reader = open_squashfs(UniqueFd{::dup(image.get())});
  reader->start_blocks().open();
  reader->read_ahead(first.blocks);
  CHECK(reader->start_blocks().ready_bytes() > 700000);
  for (unsigned i = 0; i < 3; ++i)
    CHECK(content_of(*reader, "f" + std::to_string(i)) == pattern(300000 + i, i));
  CHECK(reader->start_blocks().ready_bytes() == 0);
}

TEST_CASE("after three runs a profile stays as it is", "[fs][profile]") {
  if (!have_mksquashfs()) return;
  const TempTree tree;
  tree.file("f0", pattern(300000, 0));
  tree.file("f1", pattern(900000, 1));
  const UniqueFd image = tree.image();
  const UniqueFd profile = file_of("");
  for (unsigned run = 1; run <= kProfileRunsMax + 2; ++run) {
    read_by(image.get(), profile.get(), 1);
    CHECK(profile_in(profile.get()).runs == std::min(run, kProfileRunsMax));
  }
  read_by(image.get(), profile.get(), 2);
  CHECK(profile_in(profile.get()).runs == 1);  // half of it is new: another program's first run
}

TEST_CASE("a forged profile changes nothing that is read", "[fs][profile][damage]") {
  if (!have_mksquashfs()) return;
  const TempTree tree;
  std::vector<std::string> expected;
  for (unsigned i = 0; i < 4; ++i) {
    expected.push_back(pattern(300000 + i, i));
    tree.file("f" + std::to_string(i), expected.back());
  }
  const UniqueFd image = tree.image("-comp zstd");
  const UniqueFd honest = file_of("");
  read_by(image.get(), honest.get(), 4);
  const StartProfile profile = profile_in(honest.get());
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    StartProfile forged = profile;
    for (StoredBlock& block : forged.blocks) switch (random() % 6) {
        case 0:
          block.position += random() % 3;
          break;
        case 1:
          block.stored_bytes = random();
          break;
        case 2:
          block.stored_bytes -= random() % 2;
          break;
        case 3:
          block.compressed = !block.compressed;
          break;
        case 4:
          block.position = random() * std::uint64_t{random()};
          break;
        default:
          break;
      }
    CHECK(read_by(image.get(), file_of(encode_profile(forged)).get(), 4) == expected);
  }
}

TEST_CASE("readers and those who read ahead meet at the same blocks", "[fs][profile]") {
  if (!have_mksquashfs()) return;
  const TempTree tree;
  for (unsigned i = 0; i < 8; ++i) tree.file("f" + std::to_string(i), pattern(700000 + i, i));
  const UniqueFd image = tree.image("-comp zstd -b 16K");
  const UniqueFd profile = file_of("");
  read_by(image.get(), profile.get(), 8);
  for (int round = 0; round < 3; ++round) {
    const auto reader = open_squashfs(UniqueFd{::dup(image.get())});
    check(::lseek(profile.get(), 0, SEEK_SET), "lseek");
    const ReadAhead ahead(*reader, UniqueFd{::dup(profile.get())});
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (unsigned i = 0; i < 8; ++i) {
          const unsigned f = (i + t) % 8;
          if (content_of(*reader, "f" + std::to_string(f)) != pattern(700000 + f, f)) ++wrong;
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
  }
}
