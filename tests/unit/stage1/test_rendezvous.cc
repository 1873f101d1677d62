// SPDX-License-Identifier: Apache-2.0
// test_rendezvous.cc: the election and the meeting of ranks and keeper, by threads and processes.
#include "rendezvous.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "packet.h"
#include "support.h"

using namespace sabot;
using namespace sabot::test;

namespace {

bool readable(int fd) {
  pollfd event{fd, POLLIN, 0};
  return ::poll(&event, 1, 0) == 1;
}

ssize_t next_packet(int fd) {
  char buffer[64];
  int fds[kMaxPacketFds];
  const ssize_t got = receive_packet(fd, buffer, sizeof buffer, fds);
  for (const int carried : fds)
    if (carried >= 0) ::close(carried);
  return got;
}

}  // namespace

TEST_CASE("both ends of a rendezvous close on exec", "[stage1][rendezvous]") {
  const Place place;
  CHECK((::fcntl(place.ranks_end, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(place.keeper_end, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("the token is taken once by one caller", "[stage1][rendezvous]") {
  const Place place;
  CHECK(take_token(place));
  CHECK_FALSE(take_token(place));
  return_token(place);
  CHECK(take_token(place));
  CHECK_FALSE(take_token(place));
}

TEST_CASE("of many threads one takes the token", "[stage1][rendezvous]") {
  for (int round = 0; round < 20; ++round) {
    const Place place;
    std::atomic<int> taken{0};
    std::atomic<bool> go{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i)
      threads.emplace_back([&] {
        while (!go) std::this_thread::yield();
        if (take_token(place)) ++taken;
      });
    go = true;
    for (std::thread& thread : threads) thread.join();
    REQUIRE(taken == 1);
  }
}

TEST_CASE("of many processes one takes the token", "[stage1][rendezvous]") {
  for (int round = 0; round < 5; ++round) {
    const Place place;
    std::vector<pid_t> children;
    for (int i = 0; i < 32; ++i) children.push_back(start_child([&] { return take_token(place) ? 1 : 0; }));
    int taken = 0;
    for (const pid_t child : children) taken += WEXITSTATUS(wait_for(child));
    REQUIRE(taken == 1);
  }
}

TEST_CASE("a token that one process gives back is taken by another", "[stage1][rendezvous]") {
  const Place place;
  CHECK(in_child([&] {
          if (!take_token(place)) return 1;
          return_token(place);
          return 0;
        }) == 0);
  CHECK(take_token(place));
}

TEST_CASE("the keeper's end reads end of file when the last copy of the ranks' end is closed",
          "[stage1][rendezvous]") {
  Place place;
  REQUIRE(take_token(place));
  SocketPair hold;
  const pid_t rank = start_child([&] {
    hold.near.reset();
    close(place.keeper_end);
    char byte;
    return static_cast<int>(::recv(hold.far.get(), &byte, 1, 0));  // until the test lets go
  });
  ::close(place.ranks_end);
  place.ranks_end = -1;
  CHECK_FALSE(readable(place.keeper_end));
  hold.near.reset();
  hold.far.reset();
  CHECK(next_packet(place.keeper_end) == 0);
  CHECK(wait_for(rank) == 0);
}

TEST_CASE("a rank that joins is heard with its socket", "[stage1][rendezvous]") {
  const Place place;
  const SocketPair own;
  REQUIRE(join(place, own.far.get(), {}, 1000));
  char buffer[64];
  int fds[kMaxPacketFds];
  const ssize_t got = receive_packet(place.keeper_end, buffer, sizeof buffer, fds);
  const UniqueFd socket{fds[0]};
  REQUIRE(got > 0);
  const MessageReader message{buffer, static_cast<std::size_t>(got)};
  CHECK(message.valid());
  CHECK(message.header().kind == MessageKind::join);
  CHECK(same_file(socket.get(), own.far.get()));
  CHECK(fds[1] == -1);
}

TEST_CASE("a rank that joins after the keeper is gone gets EPIPE and no token", "[stage1][rendezvous]") {
  Place place;
  ::close(place.keeper_end);
  place.keeper_end = -1;
  CHECK(take_token(place));  // it was laid ready before
  CHECK_FALSE(take_token(place));
  CHECK_FALSE(join(place, place.ranks_end, {}, 1000));
  CHECK(errno == EPIPE);
}

TEST_CASE("a rank waits no longer than it says for room in the keeper's queue", "[stage1][rendezvous]") {
  const Place place;
  const int smallest = 1;
  REQUIRE(::setsockopt(place.ranks_end, SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest) == 0);
  const auto start = std::chrono::steady_clock::now();
  int joined = 0;
  while (joined < 1000 && join(place, place.ranks_end, {}, 50)) ++joined;
  CHECK(errno == EAGAIN);
  CHECK(joined > 0);
  CHECK(joined < 1000);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

TEST_CASE("a rendezvous is inherited over fork", "[stage1][rendezvous]") {
  const Place place;
  const SocketPair own;
  CHECK(in_child([&] { return take_token(place) && join(place, own.far.get(), {}, 1000) ? 0 : 1; }) == 0);
  CHECK_FALSE(take_token(place));
  CHECK(next_packet(place.keeper_end) > 0);
}

TEST_CASE("who waits for the keeper's end sees it, and no longer than allowed", "[stage1][rendezvous]") {
  Rendezvous place = kNoRendezvous;
  await_keepers_end(&place, 1000);  // there is none: no wait
  REQUIRE(open_rendezvous(&place));
  UniqueFd keeper{::dup(place.keeper_end)};
  close_keeper_end(&place);
  CHECK(place.keeper_end == -1);
  const UniqueFd rank{::dup(place.ranks_end)};
  const auto start = std::chrono::steady_clock::now();
  std::thread life([&] {
    char byte = 0;
    ::recv(keeper.get(), &byte, 1, 0);  // end of file: nobody can come any more, though a copy is open
    ::shutdown(keeper.get(), SHUT_RD);  // closing the door is not the end
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    keeper.reset();
  });
  await_keepers_end(&place, 10'000);
  life.join();
  const auto waited = std::chrono::steady_clock::now() - start;
  CHECK(waited >= std::chrono::milliseconds(50));
  CHECK(waited < std::chrono::seconds(5));
  CHECK(place.ranks_end == -1);

  REQUIRE(open_rendezvous(&place));
  const UniqueFd stays{::dup(place.keeper_end)};
  await_keepers_end(&place, 20);
  CHECK(place.ranks_end == -1);
}

TEST_CASE("a rendezvous that is closed twice closes nobody else's descriptor", "[stage1][rendezvous]") {
  Rendezvous place = kNoRendezvous;
  close_rendezvous(&place);
  REQUIRE(open_rendezvous(&place));
  const Rendezvous was = place;
  close_rendezvous(&place);
  CHECK(place.ranks_end == -1);
  CHECK(place.keeper_end == -1);
  const UniqueFd low{::dup2(0, was.ranks_end)};
  const UniqueFd high{::dup2(0, was.keeper_end)};
  close_rendezvous(&place);
  CHECK(is_open(low.get()));
  CHECK(is_open(high.get()));
}
