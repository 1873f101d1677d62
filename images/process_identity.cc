// SPDX-License-Identifier: Apache-2.0
// process_identity.cc: see process_identity.h. Source: proc(5): stat, ns; random/boot_id.
#include "images/process_identity.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <vector>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::size_t kProcBytes = 4096;

std::string boot_id() {
  std::string id = read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", kProcBytes);
  std::erase_if(id, [](char c) { return c == '-' || c == '\n'; });
  return id;
}

// The number in pid:[4026531836].
std::string pid_namespace() {
  char target[64];
  const ssize_t bytes = ::readlink("/proc/self/ns/pid", target, sizeof target);
  const std::string_view text(target, bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
  if (!text.starts_with("pid:[") || !text.ends_with(']')) throw Refused("no pid namespace");
  return std::string(text.substr(5, text.size() - 6));
}

// Fields 3 (state) and 22 (start time) of /proc/PID/stat; the name before them may have anything in it.
std::pair<char, std::string> state_and_start(const std::string& pid) {
  const std::string stat = read_file(AT_FDCWD, "/proc/" + pid + "/stat", kProcBytes);
  std::size_t at = stat.rfind(") ");
  if (at == stat.npos || at + 2 >= stat.size()) throw Refused("no process state");
  const char state = stat[at + 2];
  at += 2;
  for (int field = 3; field < 22 && at != stat.npos; ++field) at = stat.find(' ', at + 1);
  if (at == stat.npos) throw Refused("no start time");
  return {state, stat.substr(at + 1, stat.find(' ', at + 1) - at - 1)};
}

std::vector<std::string_view> split_at_dots(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == text.npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

std::string own_identity() try {
  const std::string pid = std::to_string(::getpid());
  return boot_id() + "." + pid_namespace() + "." + pid + "." + state_and_start("self").second;
} catch (const std::exception&) {
  return {};  // nobody can tell then whether we live: others go by the age of what we write
}

Liveness liveness_of(std::string_view identity) try {
  const std::vector<std::string_view> parts = split_at_dots(identity);
  if (parts.size() != 4 || parts[0] != boot_id() || parts[1] != pid_namespace()) return Liveness::elsewhere;
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), pid);
  if (error != std::errc{} || end != parts[2].data() + parts[2].size() || pid <= 0)
    return Liveness::elsewhere;
  if (::kill(pid, 0) == -1 && errno == ESRCH) return Liveness::dead;
  try {
    const auto [state, start] = state_and_start(std::string(parts[2]));
    return start != parts[3] || state == 'Z' || state == 'X' ? Liveness::dead : Liveness::alive;
  } catch (const std::exception&) {  // hidepid=2, or gone since: the next look will tell
    return Liveness::alive;
  }
} catch (const std::exception&) {
  return Liveness::elsewhere;
}

}  // namespace sabot::images
