// SPDX-License-Identifier: Apache-2.0
// test_store_shared.cc: what keeps a store right without locks: identities, leases, tags, pull policies.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "images/process_identity.h"
#include "images/pull_policy.h"
#include "images/store.h"
#include "images/store_leases.h"
#include "images/store_tags.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;

namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::int64_t now_s() { return ::time(nullptr); }

}  // namespace

TEST_CASE("a process knows whether another of this host lives", "[images][store]") {
  CHECK(liveness_of(own_identity()) == Liveness::alive);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string mine = own_identity();
    ::_exit(::write(ends[1], mine.data(), mine.size()) == -1 ? 1 : 0);
  }
  char text[256];
  const ssize_t bytes = ::read(ends[0], text, sizeof text);
  REQUIRE(bytes > 0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  const std::string identity(text, static_cast<std::size_t>(bytes));
  CHECK(liveness_of(identity) == Liveness::dead);  // not waited for yet: its pid is still taken
  ::waitpid(child, nullptr, 0);
  CHECK(liveness_of(identity) == Liveness::dead);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("a process of another host, boot or pid namespace is not taken for dead", "[images][store]") {
  std::string other = own_identity();
  other[0] = other[0] == '0' ? '1' : '0';
  CHECK(liveness_of(other) == Liveness::elsewhere);
  for (const char* word : {"", "x", "a.b.c.d", "....", "0123456789abcdef"})
    CHECK(liveness_of(word) == Liveness::elsewhere);
  const std::string mine = own_identity();
  const std::size_t last = mine.rfind('.');
  CHECK(liveness_of(mine.substr(0, last) + ".1") == Liveness::dead);  // the pid is another's by now
}

TEST_CASE("a lease lasts as long as was asked for, and is never shortened", "[images][store]") {
  const Scratch scratch;
  const Store store = open_store((scratch / "store").string());
  REQUIRE(take_lease(store, kDigest, job_holder(42), 1000));
  REQUIRE(take_lease(store, kDigest, job_holder(42), 10));
  const std::vector<Lease> leases = list_leases(store);
  REQUIRE(leases.size() == 1);
  CHECK(leases[0].digest == kDigest);
  CHECK(job_of(leases[0].holder) == 42);
  CHECK(leases[0].owner == ::geteuid());
  CHECK(leases[0].until_s >= now_s() + 900);
  CHECK(protects(leases[0], now_s()));
  CHECK_FALSE(protects(leases[0], now_s() + 2000));
  drop_lease(store, kDigest, job_holder(42));
  CHECK(list_leases(store).empty());
}

TEST_CASE("the lease of a process ends with it, whatever time it was given", "[images][store]") {
  const std::string mine = own_identity();
  Lease lease{kDigest, "p" + mine, 0, 0, 0};
  CHECK(protects(lease, now_s()));
  lease.holder = "p" + mine.substr(0, mine.rfind('.')) + ".1";
  lease.until_s = now_s() + 1000;
  CHECK_FALSE(protects(lease, now_s()));
  lease.holder[1] = lease.holder[1] == '0' ? '1' : '0';  // another host's: its time decides
  CHECK(protects(lease, now_s()));
}

TEST_CASE("a store that cannot be written gives no lease and no failure", "[images][store]") {
  const Scratch scratch;
  fs::create_directory(scratch / "site");
  const Store store = open_existing_store((scratch / "site").string());
  CHECK_FALSE(take_lease(store, kDigest, user_holder(), 10));
  CHECK(list_leases(store).empty());
}

TEST_CASE("every user of a site's store may write leases into it, and only leases", "[images][store]") {
  const Scratch scratch;
  fs::create_directory(scratch / "site");
  REQUIRE(::chmod((scratch / "site").c_str(), 0755) == 0);
  open_store((scratch / "site").string());
  struct stat st {};
  REQUIRE(::stat((scratch / "site/leases").c_str(), &st) == 0);
  CHECK((st.st_mode & 07777) == 01777);
  REQUIRE(::stat((scratch / "site/images/sha256").c_str(), &st) == 0);
  CHECK((st.st_mode & 022) == 0);
}

TEST_CASE("what a tag meant is found again while its image is there", "[images][store]") {
  const Scratch scratch;
  const Store store = open_store((scratch / "store").string());
  const std::string key = tag_key("docker://registry.example:5000/team/app:1.2", {});
  const std::string manifest = "sha256:" + std::string(64, 'b');
  write_tag(store, key, {manifest, kDigest, 1234});
  CHECK_FALSE(find_tag(store, key));  // the image is not there
  write_text(scratch / "store/images/sha256" / (std::string(64, 'a') + ".squashfs"), "x");
  const auto found = find_tag(store, key);
  REQUIRE(found);
  CHECK(found->manifest_digest == manifest);
  CHECK(found->image_digest == kDigest);
  CHECK(found->checked_s == 1234);
  ImportOptions arm;
  arm.architecture = "arm64";
  CHECK_FALSE(find_tag(store, tag_key("docker://registry.example:5000/team/app:1.2", arm)));
  const std::string longest = tag_key("docker://h/" + std::string(900, 'a') + ":t", {});
  write_tag(store, longest, {manifest, kDigest, 1});
  CHECK(find_tag(store, longest));
}

TEST_CASE("a registry is asked as the pull policy says", "[images][store]") {
  CHECK(must_ask_registry(PullPolicy::fresh, false, false, "a"));
  CHECK_FALSE(must_ask_registry(PullPolicy::fresh, true, false, "a"));
  CHECK(must_ask_registry(PullPolicy::update, true, false, "a"));
  CHECK_FALSE(must_ask_registry(PullPolicy::update, true, true, "a"));
  CHECK_FALSE(must_ask_registry(PullPolicy::never, true, false, "a"));
  CHECK_THROWS_WITH(must_ask_registry(PullPolicy::never, false, false, "a"), Contains("sabot fetch a"));
  for (const char* word : {"new", "update", "never"}) CHECK(to_word(parse_pull_policy(word)) == word);
  CHECK_THROWS_WITH(parse_pull_policy("always"), Contains("new, update or never"));
}
