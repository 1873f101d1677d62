// SPDX-License-Identifier: Apache-2.0
// test_packet.cc: packets with descriptors over a real socket pair, whole and damaged.
#include "packet.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "support.h"

using namespace sabot;
using namespace sabot::test;

namespace {

// More descriptors than send_packet() would send.
void send_many(int socket, int fd, int count) {
  std::vector<int> fds(static_cast<std::size_t>(count), fd);
  std::vector<char> control(CMSG_SPACE(sizeof(int) * fds.size()));
  char byte = 'x';
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* carried = CMSG_FIRSTHDR(&message);
  carried->cmsg_level = SOL_SOCKET;
  carried->cmsg_type = SCM_RIGHTS;
  carried->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
  memcpy(CMSG_DATA(carried), fds.data(), sizeof(int) * fds.size());
  REQUIRE(::sendmsg(socket, &message, 0) == 1);
}

}  // namespace

TEST_CASE("descriptors arrive close-on-exec and refer to what was sent", "[stage1][packet]") {
  SocketPair pair;
  const UniqueFd null = null_file();
  const int sent[] = {null.get(), pair.near.get()};
  REQUIRE(send_packet(pair.near.get(), "abc", 3, sent, 2));
  char buffer[16];
  int fds[kMaxPacketFds];
  REQUIRE(receive_packet(pair.far.get(), buffer, sizeof buffer, fds) == 3);
  const UniqueFd first{fds[0]};
  const UniqueFd second{fds[1]};
  CHECK(std::string(buffer, 3) == "abc");
  CHECK(same_file(first.get(), null.get()));
  CHECK(same_file(second.get(), pair.near.get()));
  CHECK((::fcntl(first.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(second.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a packet without descriptors says -1 for each", "[stage1][packet]") {
  SocketPair pair;
  REQUIRE(send_packet(pair.near.get(), "abc", 3, nullptr, 0));
  char buffer[16];
  int fds[kMaxPacketFds] = {7, 7};
  REQUIRE(receive_packet(pair.far.get(), buffer, sizeof buffer, fds) == 3);
  CHECK(fds[0] == -1);
  CHECK(fds[1] == -1);
}

TEST_CASE("a packet with too many descriptors is dropped and all of them are closed", "[stage1][packet]") {
  SocketPair pair;
  const std::size_t before = open_descriptors();
  for (const int count : {kMaxPacketFds + 1, kMaxPacketFds + 2, 200}) {
    CAPTURE(count);
    send_many(pair.near.get(), pair.near.get(), count);
    char buffer[16];
    int fds[kMaxPacketFds];
    CHECK(receive_packet(pair.far.get(), buffer, sizeof buffer, fds) == -1);
    CHECK(errno == EMSGSIZE);
    CHECK(fds[0] == -1);
    CHECK(fds[1] == -1);
    CHECK(open_descriptors() == before);
  }
}

TEST_CASE("a packet larger than the buffer gives EMSGSIZE and leaks no descriptor", "[stage1][packet]") {
  SocketPair pair;
  const int sent[] = {pair.near.get(), pair.far.get()};
  const std::size_t before = open_descriptors();
  REQUIRE(send_packet(pair.near.get(), "0123456789", 10, sent, 2));
  REQUIRE(send_packet(pair.near.get(), "next", 4, nullptr, 0));
  char buffer[9];
  int fds[kMaxPacketFds];
  CHECK(receive_packet(pair.far.get(), buffer, sizeof buffer, fds) == -1);
  CHECK(errno == EMSGSIZE);
  CHECK(open_descriptors() == before);
  CHECK(receive_packet(pair.far.get(), buffer, sizeof buffer, fds) == 4);
}

TEST_CASE("a descriptor that cannot be received for want of a number is an error", "[stage1][packet]") {
  const int status = in_child([] {
    SocketPair pair;
    const int sent[] = {0, 1};
    if (!send_packet(pair.near.get(), "abc", 3, sent, 2)) return 1;
    const rlimit limit{static_cast<rlim_t>(pair.far.get()) + 2, 4096};  // room for one of the two
    if (::setrlimit(RLIMIT_NOFILE, &limit) == -1) return 2;
    char buffer[16];
    int fds[kMaxPacketFds];
    if (receive_packet(pair.far.get(), buffer, sizeof buffer, fds) != -1 || errno != EMSGSIZE) return 3;
    return is_open(pair.far.get() + 1) ? 4 : 0;
  });
  CHECK(status == 0);
}

TEST_CASE("a peer that is gone is an end when reading and EPIPE without a signal when writing",
          "[stage1][packet]") {
  SocketPair pair;
  pair.near.reset();
  char buffer[16];
  int fds[kMaxPacketFds];
  CHECK(receive_packet(pair.far.get(), buffer, sizeof buffer, fds) == 0);
  CHECK_FALSE(send_packet(pair.far.get(), "x", 1, nullptr, 0));
  CHECK(errno == EPIPE);
}

TEST_CASE("a packet of the largest size goes through a socket with the default buffer", "[stage1][packet]") {
  SocketPair pair;
  const std::string large(kMessageBytes, 'x');
  REQUIRE(send_packet(pair.near.get(), large.data(), large.size(), nullptr, 0));
  std::string received(kMessageBytes, '\0');
  int fds[kMaxPacketFds];
  CHECK(receive_packet(pair.far.get(), received.data(), received.size(), fds) ==
        static_cast<ssize_t>(kMessageBytes));
  CHECK(received == large);
}
