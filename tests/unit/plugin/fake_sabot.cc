// SPDX-License-Identifier: Apache-2.0
// fake_sabot.cc: stands where the plugin looks for sabot. Its configuration file's name says how it behaves,
// as a helper gets no environment. As `prepare` it is stage0 and keeper in one; as `resolve` it answers a
// client.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "packet.h"
#include "protocol.h"
#include "stage0_abi.h"

namespace {

using namespace sabot;

extern "C" char** environ;

std::string request_text() {
  std::string bytes(kMessageBytes, '\0');
  const ssize_t got = read(kStage0RequestFd, bytes.data(), bytes.size());
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  if (!MessageReader{bytes.data(), bytes.size()}.valid()) return "no request";
  std::string text;
  for (size_t at = sizeof(Header); at < bytes.size(); at += strlen(&bytes[at]) + 1)
    text += std::string(&bytes[at]) + " ";
  return text;
}

// Everything a helper could have inherited, on one line.
std::string surroundings(char** argv) {
  std::string text = "argv";
  for (char** word = argv; *word != nullptr; ++word) text += std::string(" ") + *word;
  text += " environment";
  for (char** entry = environ; *entry != nullptr; ++entry) text += std::string(" ") + *entry;
  text += " descriptors";
  for (int fd = 0; fd < 256; ++fd)
    if (fcntl(fd, F_GETFD) != -1) text += " " + std::to_string(fd);
  text += getsid(0) == getpid() ? " own-session" : " session-of-the-rank";
  struct sigaction action {};
  sigaction(SIGUSR1, nullptr, &action);
  text += action.sa_handler == SIG_DFL ? " default-signals" : " inherited-signals";
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, nullptr, &blocked);
  text += sigismember(&blocked, SIGUSR2) == 1 ? " blocked" : " unblocked";
  return text;
}

int next_rank() {
  char buffer[4096];
  int fds[kMaxPacketFds];
  return receive_packet(kDoorFd, buffer, sizeof buffer, fds) > 0 ? fds[0] : -1;
}

void answer(int rank, const char* buffer, size_t bytes, const int* fds = nullptr, int count = 0) {
  if (!send_packet(rank, buffer, bytes, fds, count)) _exit(3);
}

void tell(int rank, MessageKind kind, const std::vector<std::pair<const char*, std::string>>& strings,
          const int* fds = nullptr, int count = 0) {
  std::vector<char> buffer(kMessageBytes);
  MessageWriter message(buffer.data(), buffer.size(), kind);
  for (const auto& [name, value] : strings) message.add(name, value.c_str());
  answer(rank, message.buffer, message.used, fds, count);
}

bool write_file(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  return fd >= 0 && write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         close(fd) == 0;
}

// A pod of one: new namespaces that look like the host's.
void admit(int rank, const std::string& workdir) {
  const std::string uid = std::to_string(geteuid());
  const std::string gid = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1 || !write_file("/proc/self/setgroups", "deny") ||
      !write_file("/proc/self/uid_map", uid + " " + uid + " 1") ||
      !write_file("/proc/self/gid_map", gid + " " + gid + " 1")) {
    tell(rank, MessageKind::failed, {{name::kText, "SKIP: user namespaces are forbidden here"}});
    return;
  }
  const int fds[] = {open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC),
                     open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC)};
  tell(rank, MessageKind::admitted,
       {{name::kWorkdirReply, workdir},
        {name::kEnv, "COLOUR=red=green"},
        {name::kEnv, "EMPTY="},
        {name::kEnv, "broken"}},
       fds, 2);
}

int prepare(const std::string& how, char** argv) {
  if (how == "dies") return 1;
  if (how == "sleeps") return pause();
  const std::string inherited = surroundings(argv);
  const int rank = next_rank();
  const int standard[] = {0, 1};
  if (how == "drops-the-rank") return 0;
  if (how == "never-answers") return pause();
  if (how == "fails") tell(rank, MessageKind::failed, {{name::kText, "no image\n\033[2Jhere\x7f"}});
  if (how == "fails-at-length") tell(rank, MessageKind::failed, {{name::kText, std::string(100000, 'x')}});
  if (how == "fails-without-words") tell(rank, MessageKind::failed, {});
  if (how == "shows-the-request") tell(rank, MessageKind::failed, {{name::kText, request_text()}});
  if (how == "shows-itself") tell(rank, MessageKind::failed, {{name::kText, inherited}});
  if (how == "speaks-otherwise") answer(rank, "hello", 5);
  if (how == "answers-too-much") answer(rank, std::string(kMessageBytes + 1, 'x').c_str(), kMessageBytes + 1);
  if (how == "admits-nowhere") tell(rank, MessageKind::admitted, {});
  if (how == "admits-by-one") tell(rank, MessageKind::admitted, {}, standard, 1);
  if (how == "admits-to-fewer") tell(rank, MessageKind::admitted, {{name::kNamespaces, "3"}}, standard, 2);
  if (how == "admits-to-files") tell(rank, MessageKind::admitted, {}, standard, 2);
  if (how == "joins") tell(rank, MessageKind::join, {}, standard, 2);
  if (how == "admits") admit(rank, "/");
  if (how == "admits-astray") admit(rank, "/nonexistent");
  return 0;
}

int resolve(const std::string& how, char** argv) {
  if (how.rfind("exits-", 0) == 0) {
    fprintf(stderr, "sabot: error: as asked\n");
    return atoi(how.c_str() + 6);
  }
  if (how == "crashes") abort();
  if (how == "answers-without-end")
    for (int i = 0; i < 100000; ++i) puts("SLURM_SABOT_IMAGE=x");
  if (how == "shows-itself")
    for (char** word = argv; *word != nullptr; ++word) fprintf(stderr, "[%s]", *word);
  puts(
      "SLURM_SABOT_IMAGE=sha256:00\nLD_PRELOAD=/evil\nSLURM_JOB_ID=7\nno equals "
      "sign\nSLURM_SABOT_MOUNTS=/a=b:/c:rw\n"
      "SLURM_SABOT_WORKDIR=");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || strcmp(argv[1], "--config") != 0) return 2;
  const std::string how = argv[2] + 1;
  return strcmp(argv[3], "prepare") == 0 ? prepare(how, argv) : resolve(how, argv);
}
