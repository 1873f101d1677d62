// SPDX-License-Identifier: Apache-2.0
// process_state.cc: see process_state.h.
#include "process_state.h"

#include <dirent.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace sabot::test {
namespace {

std::map<int, std::string> descriptors() {
  std::map<int, std::string> found;
  DIR* const directory = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(directory)) {
    const int number = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || number == dirfd(directory)) continue;
    char target[512];
    const ssize_t bytes =
        readlink(("/proc/self/fd/" + std::to_string(number)).c_str(), target, sizeof target);
    found[number] = std::string(target, bytes > 0 ? static_cast<size_t>(bytes) : 0);
  }
  closedir(directory);
  return found;
}

std::string status_line(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(name + ":", 0) == 0) return line;
  return "";
}

std::string whole(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<std::string> signals() {
  std::vector<std::string> found;
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    sigaction(number, nullptr, &action);
    std::ostringstream text;
    text << number << " " << reinterpret_cast<void*>(action.sa_handler) << " " << action.sa_flags;
    found.push_back(text.str());
  }
  return found;
}

template <class Value>
void compare(std::ostringstream& out, const char* what, const Value& before, const Value& after) {
  if (before != after) out << what << " changed\n";
}

}  // namespace

ProcessState process_state() {
  ProcessState state;
  state.descriptors = descriptors();
  state.signals = signals();
  state.signal_mask = status_line("SigBlk");
  state.umask = status_line("Umask");
  char cwd[4096];
  state.cwd = getcwd(cwd, sizeof cwd) != nullptr ? cwd : "";
  for (char** entry = environ; *entry != nullptr; ++entry) state.environment.emplace_back(*entry);
  state.threads = status_line("Threads");
  state.locale = setlocale(LC_ALL, nullptr);
  state.limits = whole("/proc/self/limits");
  siginfo_t info{};
  state.children = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == -1 ? "none" : "some";
  return state;
}

std::string difference(const ProcessState& before, const ProcessState& after) {
  std::ostringstream out;
  for (const auto& [number, target] : after.descriptors)
    if (before.descriptors.count(number) == 0)
      out << "descriptor " << number << " opened: " << target << "\n";
  for (const auto& [number, target] : before.descriptors)
    if (after.descriptors.count(number) == 0) out << "descriptor " << number << " closed: " << target << "\n";
  compare(out, "signal dispositions", before.signals, after.signals);
  compare(out, "signal mask", before.signal_mask, after.signal_mask);
  compare(out, "umask", before.umask, after.umask);
  compare(out, "working directory", before.cwd, after.cwd);
  compare(out, "environment", before.environment, after.environment);
  compare(out, "number of threads", before.threads, after.threads);
  compare(out, "locale", before.locale, after.locale);
  compare(out, "limits", before.limits, after.limits);
  compare(out, "children", before.children, after.children);
  return out.str();
}

}  // namespace sabot::test
