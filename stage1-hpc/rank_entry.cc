// SPDX-License-Identifier: Apache-2.0
// rank_entry.cc: see rank_entry.h.
#include "rank_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "packet.h"
#include "stage0_abi.h"

namespace sabot {

static_assert(kNamespaceFds == kMaxPacketFds);

namespace {

constexpr size_t kUsualPipeBytes = 64 * 1024;  // pipe(7): without asking for more

__attribute__((format(printf, 2, 3))) bool fail(FailureText* why, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(why->text, sizeof why->text, format, arguments);
  va_end(arguments);
  return false;
}

// The request, for stage0 to read at its leisure. A pipe: a file, even one in memory, counts against the
// user's limit on file sizes (`ulimit -f`, SIGXFSZ), and the rank's limits are set already.
int request_pipe(const MessageWriter& request) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1) return -1;
  if (request.used > kUsualPipeBytes) ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kMessageBytes));
  const bool whole = ::write(ends[1], request.buffer, request.used) == static_cast<ssize_t>(request.used);
  const int err = whole ? 0 : errno;
  ::close(ends[1]);
  if (whole) return ends[0];
  ::close(ends[0]);
  errno = err;
  return -1;
}

// Stage0 gets the request, the keeper's end and nothing else of the rank's: an inherited pipe end would keep
// srun waiting. (What else slurmstepd left open it closes itself.) A session of its own: no signal to the
// rank's process group or terminal reaches it.
bool spawn_stage0(const EntryPlan& plan, int keeper_end, int request, pid_t* child, FailureText* why) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, request, kStage0RequestFd);
  posix_spawn_file_actions_adddup2(&actions, keeper_end, kDoorFd);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  char* const argv[] = {const_cast<char*>("sabot"), const_cast<char*>("--config"),
                        const_cast<char*>(plan.config_file), const_cast<char*>("prepare"), nullptr};
  char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char* const environment[] = {path, nullptr};  // built, not filtered: nothing of the user's steers a helper
  const int err = posix_spawn(child, plan.stage0_program, &actions, &attributes, argv, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (err == 0) return true;
  return fail(why, "start %s: %s; is the same release of Sabot installed on this node?", plan.stage0_program,
              strerror(err));
}

// For the one rank that is elected.
bool start_stage0(const EntryPlan& plan, const Rendezvous& place, const MessageWriter& request, pid_t* child,
                  FailureText* why) {
  const int file = request_pipe(request);
  if (file == -1) return fail(why, "hand the request to stage0: %s", strerror(errno));
  const bool started = spawn_stage0(plan, place.keeper_end, file, child, why);
  ::close(file);
  if (!started) return_token(place);  // the next rank tries, and can say why itself
  return started;
}

// Stage0's first process forks the keeper and is gone in milliseconds; one that is not, is stuck.
void reap(pid_t child, bool stop) {
  if (child <= 0) return;
  if (stop) ::kill(child, SIGKILL);  // our own unreaped child: its number cannot have been given away
  while (::waitpid(child, nullptr, 0) == -1 && errno == EINTR) {
  }
}

long long now_ms() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

// 1: readable, 0: the deadline passed, -1: errno.
int wait_readable(int fd, int timeout_ms) {
  const long long deadline = now_ms() + timeout_ms;
  for (;;) {
    const long long left = deadline - now_ms();
    if (left <= 0) return 0;
    pollfd wanted = {fd, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(left));
    if (ready >= 0 || errno != EINTR) return ready;
  }
}

// All the namespaces that the answer speaks of came with it. Else a rank would be left in one of the host's.
bool namespaces_complete(const MessageReader& reply, const int ns_fds[kNamespaceFds]) {
  int count = 0;
  while (count < kNamespaceFds && ns_fds[count] >= 0) ++count;
  char text[8];
  snprintf(text, sizeof text, "%d", count);
  return count >= 2 && strcmp(reply.first(name::kNamespaces, "2"), text) == 0;
}

bool await_reply(int socket, int timeout_ms, char* buffer, MessageReader* reply, int ns_fds[kNamespaceFds],
                 FailureText* why) {
  const int ready = wait_readable(socket, timeout_ms);
  if (ready == -1) return fail(why, "wait for the pod: %s", strerror(errno));
  if (ready == 0) return fail(why, "wait for the pod: no answer within %d s", timeout_ms / 1000);
  const ssize_t got = receive_packet(socket, buffer, kMessageBytes, ns_fds);
  if (got == -1) return fail(why, "hear from the pod's keeper: %s", strerror(errno));
  if (got == 0) return fail(why, "the pod's keeper ended before this rank was admitted");
  *reply = MessageReader{buffer, static_cast<size_t>(got)};
  if (!reply->valid())
    return fail(why, "the pod's keeper speaks another protocol; was Sabot upgraded meanwhile?");
  if (reply->header().kind == MessageKind::failed)
    return fail(why, "%s", reply->first(name::kText, "no reason given"));
  if (reply->header().kind != MessageKind::admitted || !namespaces_complete(*reply, ns_fds))
    return fail(why, "the pod's keeper sent an incomplete answer");
  return true;
}

bool drop_privileges(FailureText* why) {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
    return fail(why, "clear ambient capabilities: %s", strerror(errno));
  for (int cap = 0; ::prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; ++cap)  // ends with EINVAL past the last one
    if (::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1)
      return fail(why, "drop capability %d: %s", cap, strerror(errno));
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct empty[2] = {};
  if (::syscall(SYS_capset, &header, empty) == -1)
    return fail(why, "empty the capability sets: %s", strerror(errno));
  return true;
}

}  // namespace

bool ask_for_pod(const EntryPlan& plan, Rendezvous* place, const MessageWriter& request, char* reply_buffer,
                 MessageReader* reply, int ns_fds[kNamespaceFds], FailureText* why) {
  for (int i = 0; i < kNamespaceFds; ++i) ns_fds[i] = -1;
  if (request.overflow) {
    close_rendezvous(place);
    return fail(why, "the container options and paths are longer than %zu bytes", kMessageBytes);
  }
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) {
    fail(why, "make a socket for the pod's keeper: %s", strerror(errno));
    close_rendezvous(place);
    return false;
  }
  pid_t stage0 = -1;
  const MessageReader said{request.buffer, request.used};
  const Joining own{said.first(name::kLocalRank, ""), said.first(name::kGpus, "")};
  bool ok = !take_token(*place) || start_stage0(plan, *place, request, &stage0, why);
  close_keeper_end(place);  // the keeper has its own by now: its death must be seen
  ok = ok &&
       (join(*place, pair[1], own, plan.timeout_ms) ||
        fail(why, errno == EPIPE ? "the pod's keeper has ended" : "ask for the pod: %s", strerror(errno)));
  ::close(pair[1]);
  close_rendezvous(place);  // nobody of this rank will come again
  ok = ok && await_reply(pair[0], plan.timeout_ms, reply_buffer, reply, ns_fds, why);
  ::close(pair[0]);
  reap(stage0, !ok);
  return ok;
}

bool enter_pod(const int ns_fds[kNamespaceFds], const char* workdir, bool privileged, FailureText* why) {
  // The user namespace first: it is what gives the right to enter the mount namespace it owns.
  if (::setns(ns_fds[0], CLONE_NEWUSER) == -1)
    return fail(why, "enter the pod's user namespace: %s", strerror(errno));
  if (::setns(ns_fds[1], CLONE_NEWNS) == -1)
    return fail(why, "enter the pod's mount namespace: %s", strerror(errno));
  for (int i = 2; i < kNamespaceFds && ns_fds[i] >= 0; ++i)
    if (::setns(ns_fds[i], 0) == -1)  // whichever it is: the keeper is the user's own
      return fail(why, "enter a namespace of --container-unshare: %s", strerror(errno));
  for (int i = 0; i < kNamespaceFds && ns_fds[i] >= 0; ++i) ::close(ns_fds[i]);
  return settle_in_pod(workdir, privileged, why);
}

bool settle_in_pod(const char* workdir, bool privileged, FailureText* why) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
    return fail(why, "set no_new_privs: %s", strerror(errno));
  if (!privileged && !drop_privileges(why)) return false;  // before any path of the image is followed
  if (::chdir(workdir) == -1)
    return fail(why, "working directory '%s' in the image: %s; choose another with --container-workdir",
                workdir, strerror(errno));
  return true;
}

}  // namespace sabot
