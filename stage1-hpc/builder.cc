// SPDX-License-Identifier: Apache-2.0
// builder.cc: mount the pod's tree in a new mount namespace, make it the root, hand the namespace back, go.
// Not here: the mount calls (mounts.cc), which mounts (mount_plan.cc), serving the image (fs/fuse_server.cc).
//
//   builder -> keeper   image_mounted  the FUSE device has its mount: it can be read from now on, not before
//   builder -> keeper   root_ready     tree mounted, root pivoted; carries the mount namespace and others
//   asked for builder -> keeper   failed         one line of text; the builder exits after it
#include "builder.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <exception>
#include <vector>

#include "directory_root.h"
#include "fs/fuse_mount.h"
#include "mounts.h"
#include "namespaces.h"
#include "packet.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

enum class Step : char { image_mounted = 'I', root_ready = 'R', failed = 'F' };

bool say(int channel, Step step, const std::vector<UniqueFd>& fds = {}) {
  const char byte = static_cast<char>(step);
  int carried[kMaxPacketFds];
  int count = 0;
  for (const UniqueFd& fd : fds) carried[count++] = fd.get();
  return send_packet(channel, &byte, 1, carried, count);
}

UniqueFd open_directory(int dir, const char* name) {
  return UniqueFd{check(::openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC), "open", name)};
}

// Attach `mount` on a new directory `name` of `dir`. The descriptor of a mount goes on to refer to its root.
void attach_at(int mount, int dir, const char* name) {
  check(::mkdirat(dir, name, 0755), "mkdir", name);
  attach(mount, open_directory(dir, name).get());
}

// The image, attached in `scratch`; with a tmpfs on top where it shall be writable. Returns the root.
UniqueFd attach_served(const PodManifest& pod, int fuse_device, int scratch, int channel) {
  const Context doing{"mount the image"};
  UniqueFd image = make_fuse_mount(fuse_device, pod.inside_uid, pod.inside_gid);
  say(channel, Step::image_mounted);  // a read of a device without a mount fails with EPERM (fuse(4))
  attach_at(image.get(), scratch, "image");
  if (!pod.writable) return image;
  UniqueFd overlay = make_writable_overlay({image.get()}, pod.writable_bytes, scratch);
  attach_at(overlay.get(), scratch, "root");
  return overlay;
}

UniqueFd attach_image(const PodManifest& pod, const PodImage& image, int scratch, int channel) {
  return image.directory >= 0 ? attach_directory(pod, image.additions, scratch)
                              : attach_served(pod, image.fuse_device, scratch, channel);
}

// In a tmpfs of the pod a missing mount point is simply made, parents first.
void make_mount_point(int root, const std::string& target, bool directory) {
  for (std::size_t end = target.find('/', 1);; end = target.find('/', end + 1)) {
    const std::string path = target.substr(0, end);
    const std::size_t slash = path.rfind('/');
    const UniqueFd parent =
        open_in_root(root, slash == 0 ? "/" : path.substr(0, slash), O_PATH | O_DIRECTORY);
    const std::string name = path.substr(slash + 1);
    if (end == target.npos && !directory) {
      const UniqueFd file{
          ::openat(parent.get(), name.c_str(), O_CREAT | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0644)};
      return;
    }
    ::mkdirat(parent.get(), name.c_str(), 0755);  // opening the target says what is wrong, if anything is
    if (end == target.npos) return;
  }
}

std::string title(const Mount& mount) {
  const std::string what = mount.kind == MountKind::bind    ? "bind " + printable(mount.source) + " onto "
                           : mount.kind == MountKind::tmpfs ? "mount a tmpfs on "
                                                            : "mount message queues on ";
  return what + printable(mount.target) + " (" + mount.why + ")";
}

// Every mount of the plan, attached nowhere yet.
std::vector<UniqueFd> make_mounts(const MountPlan& plan) {
  std::vector<UniqueFd> made;
  for (const auto& [mount, ground, directory] : plan.mounts) {
    const Context doing{title(mount)};
    made.push_back(make_mount(mount));
  }
  return made;
}

void attach_mounts(const MountPlan& plan, const std::vector<UniqueFd>& made, int root) {
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto& [mount, ground, directory] = plan.mounts[i];
    const Context doing{title(mount)};
    if (ground == Ground::tmpfs) make_mount_point(root, mount.target, directory);
    attach(made[i].get(), open_in_root(root, mount.target, O_PATH).get());
  }
}

// Never returns into the keeper's code: whatever happens is told, then the process is gone.
[[noreturn]] void run_builder(const PodManifest& pod, const MountPlan& plan, const PodImage& image,
                              int channel) noexcept {
  std::string text;
  try {
    ::_exit(say(channel, Step::root_ready, build_tree(pod, plan, image, channel)) ? 0 : 1);
  } catch (const std::exception& e) {
    text = static_cast<char>(Step::failed) + std::string(e.what());
  }
  send_packet(channel, text.data(), text.size(), nullptr, 0);
  ::_exit(1);
}

}  // namespace

// The sequence. What a step needs is above it; nothing here is undone by hand: it goes with the namespace.
std::vector<UniqueFd> build_tree(const PodManifest& pod, const MountPlan& plan, const PodImage& image,
                                 int channel) {
  const Context doing{"build pod " + pod.pod};
  if (image.directory >= 0)
    check(::fchdir(image.directory), "fchdir", "the image");  // the new namespace's copy of it, then
  enter_mount_namespace();
  enter_asked_namespaces(
      pod);  // before the mounts: message queues are those of the namespace they are made in
  std::vector<UniqueFd> namespaces = open_namespaces(pod);  // while /proc is the host's
  const std::vector<UniqueFd> mounts =
      make_mounts(plan);                         // the last use of host paths: the next step hides `/..`
  const UniqueFd scratch = make_tmpfs(0, 0755);  // somewhere to stand on that no other process sees
  attach(scratch.get(), open_directory(AT_FDCWD, "/").get());
  const UniqueFd root = attach_image(pod, image, scratch.get(), channel);
  attach_mounts(plan, mounts, root.get());  // in the image's root, by the image's own paths
  pivot_into(root.get());
  return namespaces;
}

Builder::Builder(const PodManifest& pod, const MountPlan& plan, const PodImage& image) {
  std::array<int, 2> pair{};
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()), "socketpair");
  channel_ = UniqueFd{pair[0]};
  const UniqueFd theirs{pair[1]};
  child_ = check(::fork(), "fork", "builder");
  if (child_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a keeper that is killed leaves no builder waiting for its image
  channel_.reset();
  run_builder(pod, plan, image, theirs.get());
}

Builder::~Builder() {
  channel_.reset();
  reap();
}

void Builder::reap() noexcept {
  while (child_ > 0 && ::waitpid(child_, nullptr, 0) == -1 && errno == EINTR) {
  }
  child_ = -1;
}

// The next word of the builder must be `wanted`; returns the descriptors that came with it.
static std::vector<UniqueFd> await(int channel, Step wanted) {
  std::array<char, 4096> text{};
  int fds[kMaxPacketFds];
  const ssize_t got = check(receive_packet(channel, text.data(), text.size(), fds), "hear from the builder");
  std::vector<UniqueFd> carried;
  for (const int fd : fds)
    if (fd >= 0) carried.emplace_back(fd);
  if (got == 0) throw Refused("the builder died before the pod was ready; is memory short on this node?");
  const auto step = static_cast<Step>(text[0]);
  if (step == wanted) return carried;
  if (step != Step::failed) throw Refused("the builder lost its place");
  throw std::runtime_error(std::string(text.data() + 1, static_cast<std::size_t>(got) - 1));
}

void Builder::await_image() { await(channel_.get(), Step::image_mounted); }

std::vector<UniqueFd> Builder::namespaces(int image_ended) {
  pollfd events[] = {{channel_.get(), POLLIN, 0}, {image_ended, POLLIN, 0}};
  while (::poll(events, 2, -1) == -1 && errno == EINTR) {
  }
  if (events[0].revents == 0) throw Refused("the image's server ended before the pod was ready");
  std::vector<UniqueFd> namespaces = await(channel_.get(), Step::root_ready);
  if (namespaces.empty()) throw Refused("the builder sent no namespace");
  reap();  // now, not with the pod: a zombie would carry the keeper's name all along
  return namespaces;
}

}  // namespace sabot
