// SPDX-License-Identifier: Apache-2.0
// admissions.cc: see admissions.h.
#include "admissions.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "packet.h"
#include "protocol.h"
#include "sys/error.h"

namespace sabot {
namespace {

constexpr int kLateRankMs = 500;  // ranks of a step come within milliseconds of each other

// Who made the socketpair is the rank: socketpair(2) stamps its credentials on both ends.
pid_t owner_of(int socket) {
  ucred peer{};
  socklen_t bytes = sizeof peer;
  check(::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes), "getsockopt", "SO_PEERCRED");
  return peer.pid;
}

}  // namespace

std::optional<Applicant> Admissions::next() {
  std::array<char, kJoinBytes> buffer{};
  int fds[kMaxPacketFds];
  const ssize_t got = receive_packet(door_.get(), buffer.data(), buffer.size(), fds);
  Applicant rank;
  rank.socket = UniqueFd{fds[0]};
  for (int i = 1; i < kMaxPacketFds; ++i) UniqueFd{fds[i]}.reset();  // not expected
  if (got == -1 && errno == EMSGSIZE) return std::nullopt;
  check(got, "hear from the ranks");
  if (got == 0) close();
  const MessageReader message{buffer.data(), static_cast<std::size_t>(got)};
  if (!message.valid() || message.header().kind != MessageKind::join || !rank.socket.valid())
    return std::nullopt;
  rank.rank = owner_of(rank.socket.get());
  rank.local_rank = static_cast<unsigned>(std::strtoul(message.first(name::kLocalRank, "0"), nullptr, 10));
  rank.gpus = message.first(name::kGpus, "");
  return rank;
}

void Admissions::close() {
  if (!door_.valid()) return;
  ::shutdown(door_.get(), SHUT_RD);  // ranks that come now get EPIPE; the queue can still be read
  char packet[256];
  for (ssize_t got = 1; got > 0 || (got == -1 && errno == EMSGSIZE);) {
    int fds[kMaxPacketFds];
    got = receive_packet(door_.get(), packet, sizeof packet, fds);
    for (const int fd : fds) UniqueFd{fd}.reset();
  }
  closed_door_ = std::move(door_);
}

void Admissions::admit(const Applicant& rank, const Admission& pod, const Seat& seat) {
  const auto buffer = std::make_unique<char[]>(kMessageBytes);
  MessageWriter reply(buffer.get(), kMessageBytes, MessageKind::admitted);
  reply.add(name::kWorkdirReply, pod.workdir.c_str());
  reply.add(name::kNamespaces, std::to_string(pod.namespaces.size()).c_str());
  reply.add(name::kPrivileged, pod.privileged ? "1" : "0");
  reply.add(name::kCpus, seat.cpus.c_str());
  reply.add(name::kMemory, seat.memory.c_str());
  reply.add(name::kMemoryStrictly, seat.strictly ? "1" : "0");
  reply.add(name::kGpus, seat.gpus.c_str());
  for (const std::string& entry : pod.unset) reply.add(name::kUnset, entry.c_str());
  for (const std::string& entry : pod.env) reply.add(name::kEnv, entry.c_str());
  for (const std::string& entry : pod.default_env) reply.add(name::kDefaultEnv, entry.c_str());
  if (reply.overflow) throw Refused("the image's environment is larger than 128 KiB");
  const int count = static_cast<int>(pod.namespaces.size());
  if (send_packet(rank.socket.get(), reply.buffer, reply.used, pod.namespaces.data(), count)) return;
  if (errno != EPIPE && errno != ECONNRESET) throw Error(errno, "answer a rank");
}

void Admissions::refuse(const Applicant& rank, std::string_view why) {
  const auto buffer = std::make_unique<char[]>(kMessageBytes);
  MessageWriter failed(buffer.get(), kMessageBytes, MessageKind::failed);
  failed.add(name::kText, std::string(why.substr(0, 4000)).c_str());
  send_packet(rank.socket.get(), failed.buffer, failed.used, nullptr, 0);
}

void Admissions::refuse_all(unsigned expected, std::string_view why) noexcept try {
  for (unsigned told = 0; told < expected && door_.valid();) {
    pollfd queue{door_.get(), POLLIN, 0};
    if (::poll(&queue, 1, kLateRankMs) <= 0) return;
    const std::optional<Applicant> rank = next();
    if (!rank) continue;
    refuse(*rank, why);
    ++told;
  }
} catch (const std::exception&) {
  return;  // we are on the way out with an error already; ranks not told see the end of their socket
}

}  // namespace sabot
