// SPDX-License-Identifier: Apache-2.0
// check.cc: see check.h. Each attempt below is the launch up to and with one step, in the launch's order.
// Not here: why a step fails (node_facts.h), the launch itself (keeper.cc, builder.cc).
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "fs/fuse_mount.h"
#include "mounts.h"
#include "node_facts.h"
#include "packet.h"
#include "rank_entry.h"
#include "sys/error.h"
#include "sys/files.h"
#include "userns.h"

namespace sabot {
namespace {

constexpr unsigned kStepSeconds = 20;

// Which step of the launch the child is at: where it fails is where an attempt for a later one stops.
LaunchStep under_way = LaunchStep::user_namespace;

UniqueFd open_directory(int dir, const char* name) {
  return UniqueFd{check(::openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC), "open", name)};
}

void in_user_namespace() {
  under_way = LaunchStep::user_namespace;
  enter_user_namespace(::geteuid(), ::getegid());
}

UniqueFd with_fuse_device() {
  in_user_namespace();
  under_way = LaunchStep::fuse_device;
  UniqueFd device = open_fuse_device();
  struct stat st {};
  check(::fstat(device.get(), &st), "fstat", "/dev/fuse");
  if (!is_fuse_device(st)) throw Refused("/dev/fuse is not the FUSE device");
  return device;
}

void without_privileges() {
  in_user_namespace();
  under_way = LaunchStep::privileges;
  drop_all_privileges();
}

void to_mount_namespace() {
  under_way = LaunchStep::mount_namespace;
  enter_mount_namespace();
}

void in_mount_namespace() {
  in_user_namespace();
  to_mount_namespace();
}

void with_host_mounts() {
  in_mount_namespace();
  under_way = LaunchStep::host_mounts;
  make_mount({.source = "/proc", .target = "/proc", .why = "check"});
  make_mount({.source = "/sys", .target = "/sys", .why = "check", .read_only = true});
  make_mount({.source = "/dev", .target = "/dev", .why = "check", .devices = true});
}

UniqueFd on_scratch() {
  in_mount_namespace();
  under_way = LaunchStep::tmpfs;
  UniqueFd scratch = make_tmpfs(0, 0755);
  attach(scratch.get(), open_directory(AT_FDCWD, "/").get());
  for (const char* name : {"image", "upper", "work"})
    check(::mkdirat(scratch.get(), name, 0755), "mkdir", name);
  return scratch;
}

void with_fuse_mount() {
  const UniqueFd device = with_fuse_device();
  to_mount_namespace();
  under_way = LaunchStep::fuse_mount;
  const UniqueFd image = make_fuse_mount(device.get(), ::geteuid(), ::getegid());
  attach(image.get(), open_directory(AT_FDCWD, "/").get());  // nobody looks inside: nobody serves it
}

void with_overlay() {
  const UniqueFd scratch = on_scratch();
  under_way = LaunchStep::overlay;
  const UniqueFd image = make_tmpfs(0, 0755);
  attach(image.get(), open_directory(scratch.get(), "image").get());
  make_overlay({image.get()}, open_directory(scratch.get(), "upper").get(),
               open_directory(scratch.get(), "work").get());
}

void pivot_from(const UniqueFd& scratch) {
  under_way = LaunchStep::pivot;
  const UniqueFd root = make_tmpfs(0, 0755);
  attach(root.get(), open_directory(scratch.get(), "image").get());
  pivot_into(root.get());
}

void in_new_root() { pivot_from(on_scratch()); }

// The pod that a rank enters: sends its namespaces, or the step at which there can be none.
[[noreturn]] void be_pod(int channel) noexcept {
  try {
    const UniqueFd scratch = on_scratch();
    under_way = LaunchStep::enter;  // now: the new root has no /proc
    const UniqueFd user{check(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC), "open", "ns/user")};
    const UniqueFd mount{check(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), "open", "ns/mnt")};
    pivot_from(scratch);
    const int fds[] = {user.get(), mount.get()};
    ::_exit(send_packet(channel, "", 1, fds, 2) ? 0 : 1);
  } catch (const std::exception&) {
  }
  const char stage = static_cast<char>(under_way);
  send_packet(channel, &stage, 1, nullptr, 0);
  ::_exit(1);
}

void as_rank() {
  under_way = LaunchStep::enter;
  std::array<int, 2> pair{};
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()), "socketpair");
  const UniqueFd ours{pair[0]};
  UniqueFd theirs{pair[1]};
  if (check(::fork(), "fork", "pod") == 0) be_pod(theirs.get());
  theirs.reset();
  char stage = 0;
  int ns_fds[kMaxPacketFds];
  if (check(receive_packet(ours.get(), &stage, 1, ns_fds), "hear from the pod") == 0)
    throw Refused("the process that makes the namespaces died");
  if (ns_fds[1] < 0) {
    under_way = static_cast<LaunchStep>(stage);
    throw Refused("there is no pod to enter");
  }
  FailureText why{};
  if (!enter_pod(ns_fds, "/", false, &why)) throw Refused(why.text);
}

struct Step {
  const char* name;
  LaunchStep step;
  void (*attempt)();
  const char* ok;
};
constexpr Step kSteps[] = {
    {"user namespace", LaunchStep::user_namespace, in_user_namespace, "made, and the user's id mapped"},
    {"fuse device", LaunchStep::fuse_device, [] { with_fuse_device(); }, "/dev/fuse opened in it"},
    {"give up privileges", LaunchStep::privileges, without_privileges, "no_new_privs, no capabilities"},
    {"mount namespace", LaunchStep::mount_namespace, in_mount_namespace, "made"},
    {"host's mounts", LaunchStep::host_mounts, with_host_mounts, "/proc, /sys and /dev copied"},
    {"temporary file system", LaunchStep::tmpfs, [] { on_scratch(); }, "tmpfs made and attached"},
    {"image mount", LaunchStep::fuse_mount, with_fuse_mount, "FUSE mounted by an ordinary user"},
    {"writable image", LaunchStep::overlay, with_overlay, "overlay made"},
    {"new root", LaunchStep::pivot, in_new_root, "pivoted, the old root is gone"},
    {"enter as a rank", LaunchStep::enter, as_rank, "namespaces joined, privileges dropped"},
};

const char* name_of(LaunchStep step) {
  for (const Step& one : kSteps)
    if (one.step == step) return one.name;
  return "?";
}

// What a child tells: where it was, its errno (0: none) and its words.
struct Outcome {
  bool ok = false;
  LaunchStep stage{};
  int err = 0;
  char text[1024] = "";
};

[[noreturn]] void run_attempt(const Step& step, int pipe) noexcept {
  Outcome outcome{.stage = step.step};
  ::alarm(kStepSeconds);
  try {
    step.attempt();
    outcome.ok = true;
  } catch (const Error& e) {
    outcome.err = e.code().value();
    std::snprintf(outcome.text, sizeof outcome.text, "%s", e.what());
  } catch (const std::exception& e) {
    std::snprintf(outcome.text, sizeof outcome.text, "%s", e.what());
  }
  if (!outcome.ok) outcome.stage = under_way;
  ::_exit(::write(pipe, &outcome, sizeof outcome) == static_cast<ssize_t>(sizeof outcome) ? 0 : 1);
}

Outcome try_in_child(const Step& step) {
  std::array<int, 2> pair{};
  check(::pipe2(pair.data(), O_CLOEXEC), "pipe");
  const UniqueFd from{pair[0]};
  UniqueFd to{pair[1]};
  const pid_t child = check(::fork(), "fork", step.name);
  if (child == 0) run_attempt(step, to.get());
  to.reset();
  Outcome outcome{.stage = step.step};
  const ssize_t got = ::read(from.get(), &outcome, sizeof outcome);
  int status = 0;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  if (got == static_cast<ssize_t>(sizeof outcome)) return outcome;
  outcome = {.stage = step.step};
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    std::snprintf(outcome.text, sizeof outcome.text, "not done within %u s", kStepSeconds);
  else
    std::snprintf(outcome.text, sizeof outcome.text, "killed: %s", ::strsignal(WTERMSIG(status)));
  return outcome;
}

Verdict verdict_of(const Step& step, const NodeFacts& facts) try {
  const Outcome outcome = try_in_child(step);
  if (outcome.ok) return {"ok", step.ok, ""};
  if (outcome.stage != step.step)
    return {"skipped", std::string("needs '") + name_of(outcome.stage) + "', which failed", ""};
  const bool only_warn = step.step == LaunchStep::overlay;
  return {only_warn ? "warning" : "failed", without_advice(outcome.text),
          remedy_for(step.step, outcome.err, facts)};
} catch (const Error& e) {
  return {"failed", e.what(), remedy_for(step.step, e.code().value(), facts)};
}

void print(const char* name, const Verdict& verdict) {
  std::printf("%s\t%s\t%s\t%s\n", name, verdict.result.c_str(), printable(verdict.detail).c_str(),
              printable(verdict.remedy).c_str());
  std::fflush(stdout);  // what is buffered when a child is forked would be printed twice
}

}  // namespace

int check_node() {
  const NodeFacts facts = read_node_facts();
  utsname name{};
  ::uname(&name);
  print("kernel", judge_kernel(name.release, missing_calls(), facts));
  print("limits", judge_limits(read_limits()));
  for (const Step& step : kSteps) print(step.name, verdict_of(step, facts));
  return std::ferror(stdout) != 0 ? kExitRuntime : 0;
}

}  // namespace sabot
