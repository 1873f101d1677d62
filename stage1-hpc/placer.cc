// SPDX-License-Identifier: Apache-2.0
// placer.cc: see placer.h. The words are those of placement/seating.h.
#include "placer.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <climits>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

constexpr std::size_t kAnswerBytes = 4 * 1024 * 1024;

std::string program_beside_us() {
  char self[PATH_MAX];
  const ssize_t bytes = check(::readlink("/proc/self/exe", self, sizeof self), "readlink", "/proc/self/exe");
  const std::string path(self, static_cast<std::size_t>(bytes));
  return path.substr(0, path.rfind('/') + 1) + "sabot-topo";
}

std::string list_of(const CpuMask& mask) {
  std::string text;
  ranges_of(mask, [&](unsigned first, unsigned last) {
    text += (text.empty() ? "" : ",") + std::to_string(first);
    if (last > first) text += "-" + std::to_string(last);
  });
  return text;
}

std::string take_until(std::string& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  std::string part = text.substr(0, at);
  text.erase(0, at + 1);
  return part;
}

std::string field(std::string& line, const std::string& name) {
  const std::string word = take_until(line, ' ');
  if (!word.starts_with(name))
    throw Refused("sabot-topo said '" + printable(word) + "' where " + name + " is due");
  return word.substr(name.size());
}

Seat parse_seat(std::string line) {
  Seat seat;
  seat.cpus = field(line, "cpus=");
  seat.memory = field(line, "memory=");
  seat.strictly = field(line, "strict=") == "1";
  seat.gpus = field(line, "gpus=");
  return seat;
}

// Until its end, or the deadline of a peer that does not answer.
std::string read_answer(int socket, int timeout_ms) {
  std::string text;
  char buffer[16384];
  for (;;) {
    pollfd answer{socket, POLLIN, 0};
    const int ready = ::poll(&answer, 1, timeout_ms);
    if (ready == -1 && errno == EINTR) continue;
    if (check(ready, "poll") == 0) throw Refused("sabot-topo gave no answer");
    const ssize_t got = check(::read(socket, buffer, sizeof buffer), "hear from sabot-topo");
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > kAnswerBytes) throw Refused("sabot-topo's answer has no end");
  }
}

}  // namespace

Placer::Placer(const std::string& topology) {
  int pair[2];
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
  socket_ = UniqueFd{pair[0]};
  const UniqueFd theirs{pair[1]};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), 1);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigdefault(&attributes, &all);  // the keeper ignores most, its alarm too
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const std::string program = program_beside_us();
  std::vector<std::string> words = {"sabot-topo", "seat"};
  if (!topology.empty()) words.push_back(topology);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char quiet[] = "HWLOC_HIDE_ERRORS=2";
  char* const environment[] = {quiet, nullptr};  // built, not inherited: HWLOC_* steers what hwloc believes
  const int err = ::posix_spawn(&child_, program.c_str(), &actions, &attributes, argv.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (err != 0) throw Error(err, "start " + program);
}

Placer::~Placer() {
  socket_.reset();
  if (child_ <= 0) return;
  // It ends with the socket, or by its own alarm: a confined keeper can end nobody.
  while (::waitpid(child_, nullptr, 0) == -1 && errno == EINTR) {
  }
}

std::vector<Seat> Placer::ask(const std::string& pin, unsigned threads, const std::vector<Seated>& ranks,
                              int timeout_ms) {
  const Context doing{"place the ranks"};
  std::string question = "pin=" + pin + " threads=" + std::to_string(threads) + "\n";
  for (const Seated& rank : ranks) question += "cpus=" + list_of(rank.mask) + " gpus=" + rank.gpus + "\n";
  write_all(socket_.get(), question);
  ::shutdown(socket_.get(), SHUT_WR);
  std::string answer = read_answer(socket_.get(), timeout_ms);
  if (answer.starts_with("error ")) throw Refused(take_until(answer, '\n').substr(6));
  std::vector<Seat> seats;
  while (!answer.empty()) seats.push_back(parse_seat(take_until(answer, '\n')));
  if (seats.size() != ranks.size()) throw Refused("sabot-topo ended without an answer");
  return seats;
}

}  // namespace sabot
