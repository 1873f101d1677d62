// SPDX-License-Identifier: Apache-2.0
// test_rank_entry.cc: asking for a pod when something is in the way: it says so in one line and leaves
// nothing open. Not here: the same as slurmstepd does it (unit/plugin), a pod that is there (e2e).
#include "rank_entry.h"

#include <sched.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "packet.h"
#include "support.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

struct Asked {
  bool ok = false;
  std::string why;
  std::size_t descriptors_before = 0;
  std::size_t descriptors_after = 0;
};

Asked ask(const char* stage0, const MessageWriter& request, Rendezvous& place, int timeout_ms = 1000) {
  std::vector<char> buffer(kMessageBytes);
  MessageReader reply{};
  int ns_fds[kNamespaceFds];
  FailureText why{};
  Asked asked;
  asked.descriptors_before = open_descriptors();
  asked.ok =
      ask_for_pod({stage0, "/nonexistent", timeout_ms}, &place, request, buffer.data(), &reply, ns_fds, &why);
  asked.descriptors_after = open_descriptors();
  asked.why = why.text;
  return asked;
}

bool closed(const Rendezvous& place) { return place.ranks_end == -1 && place.keeper_end == -1; }

}  // namespace

TEST_CASE("a stage0 that cannot be started is named and the token comes back", "[stage1][entry]") {
  Place place;
  const Place copy;  // ours stays open as slurmstepd's own does
  REQUIRE(::dup2(place.ranks_end, copy.ranks_end) >= 0);
  const Message request(MessageKind::request);
  const Asked asked = ask("/nonexistent/sabot", request.writer, place);
  CHECK_FALSE(asked.ok);
  CHECK_THAT(asked.why, Contains("start /nonexistent/sabot: No such file or directory"));
  CHECK(closed(place));
  CHECK(take_token(copy));
}

TEST_CASE("a stage0 that ends without a keeper fails the rank at once", "[stage1][entry]") {
  Place place;
  const Message request(MessageKind::request);
  const auto start = std::chrono::steady_clock::now();
  const Asked asked = ask("/bin/true", request.writer, place, 20000);
  CHECK_FALSE(asked.ok);
  CHECK_THAT(asked.why, Contains("keeper"));
  CHECK(closed(place));
  CHECK(asked.descriptors_after + 2 == asked.descriptors_before);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no child is left behind
}

TEST_CASE("a request that was too long is refused before anything is started", "[stage1][entry]") {
  Place place;
  Message request(MessageKind::request, sizeof(Header) + 4);
  request.add("mounts", "/very:/long");
  const Asked asked = ask("/bin/true", request.writer, place);
  CHECK_FALSE(asked.ok);
  CHECK_THAT(asked.why, Contains("longer than"));
  CHECK(closed(place));
}

TEST_CASE("descriptors that are no namespaces do not make a rank", "[stage1][entry]") {
  const UniqueFd one = null_file();
  FailureText why{};
  const int ns_fds[kNamespaceFds] = {one.get(), one.get(), -1};
  CHECK_FALSE(enter_pod(ns_fds, "/", false, &why));
  CHECK_THAT(std::string(why.text), Contains("enter the pod's user namespace"));
}
