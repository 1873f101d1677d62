// SPDX-License-Identifier: Apache-2.0
// test_admissions.cc: the keeper's door with real ranks at it, with dead ones, and with what is no rank.
#include "admissions.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <deque>

#include "packet.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

// A door, and the ranks' end of it.
struct Door {
  Door() : admissions(UniqueFd{::fcntl(place.keeper_end, F_DUPFD_CLOEXEC, 0)}) {
    REQUIRE(take_token(place));
    ::close(place.keeper_end);
    place.keeper_end = -1;
  }
  Place place;
  Admissions admissions;
};

// What a rank hears on its socket.
struct Answer {
  explicit Answer(int socket) : buffer(kMessageBytes) {
    const timeval patience{10, 0};  // nobody answers: a failure and not a wait
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int fds[kMaxPacketFds];
    bytes = receive_packet(socket, buffer.data(), buffer.size(), fds);
    first = UniqueFd{fds[0]};
    second = UniqueFd{fds[1]};
    third = UniqueFd{fds[2]};
  }
  MessageReader reader() const { return {buffer.data(), static_cast<std::size_t>(bytes)}; }
  std::vector<char> buffer;
  ssize_t bytes = -1;
  UniqueFd first;
  UniqueFd second;
  UniqueFd third;
};

}  // namespace

TEST_CASE("a rank that joins is known by its pid", "[stage1][admissions]") {
  Door door;
  const pid_t child = start_child([&] {
    const SocketPair own;
    return join(door.place, own.far.get(), {}, 1000) ? 0 : 1;
  });
  CHECK(wait_for(child) == 0);
  const std::optional<Applicant> rank = door.admissions.next();
  REQUIRE(rank);
  CHECK(rank->rank == child);
}

TEST_CASE("what is no rank is passed over and its descriptors are closed", "[stage1][admissions]") {
  Door door;
  const SocketPair own;
  const int carried[] = {own.far.get(), own.near.get()};
  const std::size_t before = open_descriptors();
  const Message wrong_kind(MessageKind::admitted);
  const Message right(MessageKind::join);
  REQUIRE(send_packet(door.place.ranks_end, "noise", 5, carried, 2));
  REQUIRE(send_packet(door.place.ranks_end, wrong_kind.writer.buffer, wrong_kind.writer.used, carried, 1));
  REQUIRE(send_packet(door.place.ranks_end, right.writer.buffer, right.writer.used, nullptr, 0));
  const std::string large(4000, 'x');
  REQUIRE(send_packet(door.place.ranks_end, large.data(), large.size(), carried, 2));
  for (int i = 0; i < 4; ++i) {
    CHECK_FALSE(door.admissions.next());
    CHECK(door.admissions.door() >= 0);
  }
  CHECK(open_descriptors() == before);
  REQUIRE(join(door.place, own.far.get(), {}, 1000));
  CHECK(door.admissions.next());
}

TEST_CASE("the door closes when nobody can come any more", "[stage1][admissions]") {
  Door door;
  close_rendezvous(&door.place);
  CHECK_FALSE(door.admissions.next());
  CHECK(door.admissions.door() == -1);
}

TEST_CASE("a closed door turns away who waits at it and who comes", "[stage1][admissions]") {
  Door door;
  SocketPair early;
  REQUIRE(join(door.place, early.far.get(), {}, 1000));
  early.far.reset();
  door.admissions.close();
  CHECK(door.admissions.door() == -1);
  char byte = 0;
  CHECK(::recv(early.near.get(), &byte, 1, MSG_DONTWAIT) == 0);
  const SocketPair late;
  CHECK_FALSE(join(door.place, late.far.get(), {}, 1000));
  CHECK(errno == EPIPE);
}

TEST_CASE("an admitted rank gets all namespaces and what it needs to start", "[stage1][admissions]") {
  Door door;
  const SocketPair own;
  REQUIRE(join(door.place, own.far.get(), {"5", "2,3"}, 1000));
  const std::optional<Applicant> rank = door.admissions.next();
  REQUIRE(rank);
  CHECK(rank->local_rank == 5);
  CHECK(rank->gpus == "2,3");
  const UniqueFd one = null_file();
  Admissions::admit(*rank, {{one.get(), own.near.get(), one.get()}, "/work", {"A=1", "B=x=y"}, {}},
                    {"0-1", "0", true, "1,0"});
  const Answer answer{own.near.get()};
  REQUIRE(answer.bytes > 0);
  MessageReader reader = answer.reader();
  REQUIRE(reader.valid());
  CHECK(reader.header().kind == MessageKind::admitted);
  CHECK(same_file(answer.first.get(), one.get()));
  CHECK(same_file(answer.second.get(), own.near.get()));
  CHECK(same_file(answer.third.get(), one.get()));
  CHECK(std::string(reader.first(name::kNamespaces, "")) == "3");
  CHECK(std::string(reader.first(name::kWorkdirReply, "")) == "/work");
  CHECK(std::string(reader.first(name::kCpus, "")) == "0-1");
  CHECK(std::string(reader.first(name::kMemory, "")) == "0");
  CHECK(std::string(reader.first(name::kMemoryStrictly, "")) == "1");
  CHECK(std::string(reader.first(name::kGpus, "")) == "1,0");
  CHECK(std::string(reader.next(name::kEnv)) == "A=1");
  CHECK(std::string(reader.next(name::kEnv)) == "B=x=y");
  CHECK(reader.next(name::kEnv) == nullptr);
}

TEST_CASE("a rank that died before it is admitted is no error", "[stage1][admissions]") {
  Door door;
  {
    const SocketPair own;
    REQUIRE(join(door.place, own.far.get(), {}, 1000));
  }
  const std::optional<Applicant> rank = door.admissions.next();
  REQUIRE(rank);
  CHECK_NOTHROW(Admissions::admit(*rank, {{0, 0}, "/", {}, {}}, {}));
}

TEST_CASE("an environment that no packet holds is refused and not cut", "[stage1][admissions]") {
  Door door;
  const SocketPair own;
  REQUIRE(join(door.place, own.far.get(), {}, 1000));
  const std::optional<Applicant> rank = door.admissions.next();
  REQUIRE(rank);
  const std::vector<std::string> env{"A=" + std::string(kMessageBytes, 'x')};
  CHECK_THROWS_WITH(Admissions::admit(*rank, {{0, 0}, "/", env, {}}, {}), Contains("larger than 128 KiB"));
  char byte;
  CHECK(::recv(own.near.get(), &byte, 1, MSG_DONTWAIT) == -1);
}

TEST_CASE("every rank is told why there is no pod", "[stage1][admissions]") {
  Door door;
  std::deque<SocketPair> ranks(20);
  for (const SocketPair& own : ranks) REQUIRE(join(door.place, own.far.get(), {}, 1000));
  REQUIRE(send_packet(door.place.ranks_end, "noise", 5, nullptr, 0));
  door.admissions.refuse_all(20, "no such image");
  for (const SocketPair& own : ranks) {
    const Answer answer{own.near.get()};
    REQUIRE(answer.bytes > 0);
    REQUIRE(answer.reader().valid());
    CHECK(answer.reader().header().kind == MessageKind::failed);
    CHECK(std::string(answer.reader().first(name::kText, "")) == "no such image");
    CHECK_FALSE(answer.first.valid());
  }
}

TEST_CASE("ranks that come late are still told and the dead do not stop it", "[stage1][admissions]") {
  Door door;
  {
    const SocketPair dead;
    REQUIRE(join(door.place, dead.far.get(), {}, 1000));
  }
  const pid_t late = start_child([&] {
    ::usleep(100'000);
    const SocketPair own;
    if (!join(door.place, own.far.get(), {}, 1000)) return 1;
    return Answer{own.near.get()}.bytes > 0 ? 0 : 2;
  });
  door.admissions.refuse_all(2, "why");
  CHECK(wait_for(late) == 0);
}

TEST_CASE("refusing ends soon when fewer ranks come than were expected", "[stage1][admissions]") {
  Door door;
  const auto start = std::chrono::steady_clock::now();
  door.admissions.refuse_all(4000000000U, std::string(100000, 'x'));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
}

TEST_CASE("a reason of any length is told", "[stage1][admissions]") {
  Door door;
  const SocketPair own;
  REQUIRE(join(door.place, own.far.get(), {}, 1000));
  door.admissions.refuse_all(1, std::string(200000, 'x'));
  const Answer answer{own.near.get()};
  REQUIRE(answer.bytes > 0);
  CHECK(std::string(answer.reader().first(name::kText, "")) == std::string(4000, 'x'));
}
