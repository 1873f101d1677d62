// SPDX-License-Identifier: Apache-2.0
// test_store_gc.cc: which images are collected, and that none goes which somebody needs.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "images/process_identity.h"
#include "images/store_folders.h"
#include "images/store_gc.h"
#include "images/store_sources.h"
#include "images/store_sweep.h"
#include "images/store_tags.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;

namespace {

constexpr std::int64_t kNow = 1'000'000'000;

std::string digest_of_letter(char letter) { return "sha256:" + std::string(64, letter); }

GcImage image(char letter, std::int64_t age_s, std::vector<std::string> names = {},
              std::string needed_by = {}) {
  return {
      {digest_of_letter(letter), 100, kNow - age_s, std::move(names)}, kNow - age_s, std::move(needed_by)};
}

/// The letters of the images that go.
std::string going(std::vector<GcImage> images, const GcPolicy& policy) {
  std::string letters;
  for (const GcVerdict& verdict : decide_gc(std::move(images), policy, kNow)) {
    CHECK_FALSE(verdict.why.empty());
    if (verdict.goes) letters += verdict.image.record.digest[7];
  }
  return letters;
}

bool no_job(std::uint64_t) { return false; }

struct Shop {
  Scratch scratch;
  Store store{open_store((scratch / "store").string())};
  std::string put(char letter) {
    const fs::path file = scratch / "store/images/sha256" / (std::string(64, letter) + ".squashfs");
    write_text(file, "x");
    REQUIRE(::chmod(file.c_str(), 0444) == 0);
    return digest_of_letter(letter);
  }
  std::size_t collect_all() {
    GcPolicy policy;
    policy.older_than_s = 0;
    std::size_t gone = 0;
    for (const GcVerdict& verdict : collect(store, policy, no_job, false)) gone += verdict.goes ? 1 : 0;
    return gone;
  }
};

}  // namespace

TEST_CASE("images without a name that were not used for a week are collected", "[images][gc]") {
  const std::int64_t week = 7 * 24 * 3600;
  CHECK(going({image('a', week), image('b', week - 1), image('c', 9 * week, {"app"})}, {}) == "a");
  GcPolicy named;
  named.named = true;
  CHECK(going({image('a', week), image('c', 9 * week, {"app"})}, named) == "ca");
}

TEST_CASE("what was used last stays as many as were asked for", "[images][gc]") {
  GcPolicy policy;
  policy.older_than_s = 10;
  policy.keep = 2;
  CHECK(going({image('a', 40), image('b', 30), image('c', 20), image('d', 50)}, policy) == "da");
  policy.keep = 9;
  CHECK(going({image('a', 40), image('b', 30)}, policy).empty());
}

TEST_CASE("a store that is too large loses what was used longest ago", "[images][gc]") {
  GcPolicy policy;
  policy.size_bytes = 250;
  CHECK(going({image('a', 1), image('b', 3), image('c', 2), image('d', 4)}, policy) == "db");
  policy.size_bytes = 400;
  CHECK(going({image('a', 1), image('b', 3), image('c', 2), image('d', 4)}, policy).empty());
}

TEST_CASE("no policy takes an image that is needed", "[images][gc]") {
  GcPolicy policy;
  policy.older_than_s = 0;
  policy.size_bytes = 0;
  policy.named = true;
  CHECK(going({image('a', 9000, {}, "j42"), image('b', 9000, {"app"}, "u1000")}, policy).empty());
}

TEST_CASE("collecting removes what nobody needs and keeps what a lease names", "[images][gc]") {
  Shop shop;
  const std::string needed = shop.put('a');
  const std::string not_needed = shop.put('b');
  REQUIRE(take_lease(shop.store, needed, job_holder(42), 1000));
  CHECK(shop.collect_all() == 1);
  CHECK(shop.store.find(needed));
  CHECK_FALSE(shop.store.find(not_needed));
  drop_lease(shop.store, needed, job_holder(42));
  CHECK(shop.collect_all() == 1);
  CHECK(shop.store.list().empty());
}

TEST_CASE("a dry run says the same and removes nothing", "[images][gc]") {
  Shop shop;
  const std::string digest = shop.put('a');
  GcPolicy policy;
  policy.older_than_s = 0;
  const std::vector<GcVerdict> verdicts = collect(shop.store, policy, no_job, true);
  REQUIRE(verdicts.size() == 1);
  CHECK(verdicts[0].goes);
  CHECK(shop.store.find(digest));
}

TEST_CASE("a lease that ended keeps its image while Slurm still has the job", "[images][gc]") {
  Shop shop;
  const std::string digest = shop.put('a');
  REQUIRE(take_lease(shop.store, digest, job_holder(42), 1));
  fs::last_write_time(shop.scratch / "store/leases" / (std::string(64, 'a') + ".j42"),
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  GcPolicy policy;
  policy.older_than_s = 0;
  CHECK_FALSE(collect(
                  shop.store, policy, [](std::uint64_t job) { return job == 42; }, false)[0]
                  .goes);
  CHECK(collect(shop.store, policy, no_job, false)[0].goes);
}

TEST_CASE("a lease taken while an image is being collected brings it back", "[images][gc]") {
  Shop shop;
  const std::string digest = shop.put('a');
  const std::string dead = own_identity().substr(0, own_identity().rfind('.')) + ".1";
  const fs::path aside = shop.scratch / "store/going" / (std::string(64, 'a') + "." + dead);
  fs::create_directory(shop.scratch / "store/going");
  fs::rename(shop.scratch / "store/images/sha256" / (std::string(64, 'a') + ".squashfs"), aside);
  REQUIRE(take_lease(shop.store, digest, user_holder(), 1000));
  sweep_going(shop.store, ::time(nullptr), no_job);  // the collector was killed there
  CHECK(shop.store.find(digest));
  CHECK_FALSE(fs::exists(aside));
}

TEST_CASE("what a killed collector set aside goes with the next one", "[images][gc]") {
  Shop shop;
  shop.put('a');
  const std::string dead = own_identity().substr(0, own_identity().rfind('.')) + ".1";
  fs::create_directory(shop.scratch / "store/going");
  fs::rename(shop.scratch / "store/images/sha256" / (std::string(64, 'a') + ".squashfs"),
             shop.scratch / "store/going" / (std::string(64, 'a') + "." + dead));
  shop.collect_all();
  CHECK(fs::is_empty(shop.scratch / "store/going"));
}

TEST_CASE("an image that a job uses is not removed by name, unless that is forced", "[images][gc]") {
  Shop shop;
  const std::string digest = shop.put('a');
  shop.store.set_name("app", digest);
  REQUIRE(take_lease(shop.store, digest, job_holder(42), 1000));
  CHECK_THROWS_WITH(shop.store.remove("app"), Contains("needed by job 42"));
  CHECK(shop.store.find("app"));
  CHECK(shop.store.remove("app", true) == std::vector<std::string>{digest});
  CHECK_FALSE(shop.store.find("app"));
  CHECK(shop.store.list().empty());
}

TEST_CASE("records of images that are gone go a day later, downloads after a week", "[images][gc]") {
  Shop shop;
  const std::string digest = shop.put('a');
  write_source(shop.store, digest, {"oci:there", "sha256:" + std::string(64, 'b'), "{}", "{ }", 7});
  const auto source = read_source(shop.store, digest);
  REQUIRE(source);
  CHECK(source->reference == "oci:there");
  CHECK(source->manifest == "{}");
  CHECK(source->config == "{ }");
  CHECK(source->imported_s == 7);
  open_folder(shop.store.fd(), kPartialBlobsFolder, true);
  write_text(shop.scratch / "store/blobs/partial/x", "half");
  shop.collect_all();
  CHECK(read_source(shop.store, digest));
  CHECK(fs::exists(shop.scratch / "store/blobs/partial/x"));
  sweep_records(shop.store, ::time(nullptr) + 2 * 24 * 3600, no_job);
  CHECK_FALSE(read_source(shop.store, digest));
  CHECK(fs::exists(shop.scratch / "store/blobs/partial/x"));
  sweep_records(shop.store, ::time(nullptr) + 8 * 24 * 3600, no_job);
  CHECK_FALSE(fs::exists(shop.scratch / "store/blobs/partial/x"));
}
