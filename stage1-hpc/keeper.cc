// SPDX-License-Identifier: Apache-2.0
// keeper.cc: one visible list of what a pod's life is.
// Not here: letting ranks in (step_ranks.cc), mounting (builder.cc), the image's tree (fs/), who keeps the
// pod (stage1_main.cc).
//
// What keeps a pod alive is the kernel's count of who is in its mount namespace. The keeper holds that
// namespace only while ranks may still come; from then on the last process to leave takes the mounts with it,
// the FUSE device says so, and the keeper goes.
#include "keeper.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <memory>
#include <optional>
#include <thread>

#include "builder.h"
#include "callers_settings.h"
#include "confinement.h"
#include "fs/fuse_mount.h"
#include "fs/fuse_server.h"
#include "fs/host_directory.h"
#include "fs/read_ahead.h"
#include "mount_plan.h"
#include "placer.h"
#include "step_ranks.h"
#include "sys/error.h"
#include "sys/files.h"
#include "userns.h"

namespace sabot {
namespace {

// The server in a thread of its own; `ended` becomes readable when the mount is gone.
class ServedImage {
 public:
  ServedImage(UniqueFd device, ImageTree tree, Ownership owner, unsigned workers, UniqueFd profile)
      : ended_(check(::eventfd(0, EFD_CLOEXEC), "eventfd")),
        server_(std::move(device), std::move(tree), owner, workers),
        ahead_(server_.tree().image(), std::move(profile)) {
    thread_ = std::thread([this] {
      try {
        server_.serve();
      } catch (const std::exception& e) {
        why_ = e.what();
      }
      const std::uint64_t one = 1;
      write_all(ended_.get(), {reinterpret_cast<const char*>(&one), sizeof one});
    });
  }
  ~ServedImage() {
    server_.stop();
    thread_.join();
  }
  ServedImage(const ServedImage&) = delete;
  ServedImage& operator=(const ServedImage&) = delete;
  int ended() const { return ended_.get(); }
  void rethrow_failure() {
    if (!why_.empty()) throw std::runtime_error(why_);
  }

 private:
  UniqueFd ended_;
  FuseServer server_;
  ReadAhead ahead_;
  std::string why_;
  std::thread thread_;
};

// What the keeper looks at of itself; opened before no path can be opened any more.
struct OwnProc {
  UniqueFd user_ns{check(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC), "open", "/proc/self/ns/user")};
  std::unique_ptr<DIR, int (*)(DIR*)> threads{::opendir("/proc/self/task"), &::closedir};
  OwnProc() {
    if (!threads) throw Error(errno, "open '/proc/self/task'");
  }
};

// Null where nobody is to be placed, or nobody insisted and it cannot be: ranks then stay where they are.
std::unique_ptr<Placer> start_placer(const PodManifest& pod) {
  if (pod.pin.empty()) return nullptr;
  try {
    return std::make_unique<Placer>(pod.topology);
  } catch (const std::exception&) {
    if (pod.pin_must) throw;
    return nullptr;
  }
}

void await(int fd) {
  pollfd event{fd, POLLIN, 0};
  while (::poll(&event, 1, -1) == -1 && errno == EINTR) {
  }
}

Admission admission_of(const PodManifest& pod, const MountPlan& plan, const OwnProc& own,
                       const std::vector<UniqueFd>& made, const CallersSettings& settings) {
  Admission admission{{own.user_ns.get()},  plan.workdir,   pod.env,
                      settings.default_env, pod.privileged, settings.unset};
  for (const UniqueFd& one : made) admission.namespaces.push_back(one.get());
  return admission;
}

CallersSettings settings_of(const PodManifest& pod, const ImageTree& tree, const MountPlan& plan) {
  CallersSettings settings = judge_settings(pod, tree, plan);
  settings.default_env.insert(settings.default_env.begin(), pod.default_env.begin(), pod.default_env.end());
  return settings;
}

void keep_served_pod(const PodManifest& pod, UniqueFd image, UniqueFd profile, Admissions& ranks) {
  ImageTree tree{open_squashfs(std::move(image), {pod.image_offset, pod.image_bytes})};
  const MountPlan plan = plan_mounts(pod, tree);  // looks at the host as the user, nothing more
  add_lines(pod, tree);
  std::unique_ptr<Placer> placer = start_placer(pod);  // outside of the pod, and of its powers
  const CallersSettings settings = settings_of(pod, tree, plan);
  enter_user_namespace(pod.inside_uid, pod.inside_gid);  // from here on we may mount
  UniqueFd device = open_fuse_device();  // inside: a mount takes a device of its own userns only
  Builder builder{
      pod, plan, {.fuse_device = device.get(), .additions = {}}};  // forked before there are threads
  drop_all_privileges();  // the builder has its own copy of what it needs
  std::optional<OwnProc> own{std::in_place};
  confine_keeper();       // before there are threads, and before a rank has a say
  builder.await_image();  // a device without a mount cannot be read
  const Ownership owner{.uid = pod.inside_uid, .gid = pod.inside_gid};
  // Ranks that start together decompress together; each worker's memory counts against the keeper's.
  const unsigned workers = std::clamp(pod.local_ranks, 2U, 4U);
  ServedImage served{std::move(device), std::move(tree), owner, workers, std::move(profile)};
  {
    const std::vector<UniqueFd> made = builder.namespaces(served.ended());  // the tree is complete
    admit_ranks(pod, admission_of(pod, plan, *own, made, settings), std::move(placer), ranks, served.ended(),
                own->threads.get());
    ranks.close();
    own.reset();
  }  // the namespace is the ranks' alone now
  await(served.ended());
  served.rethrow_failure();
}

// A directory is the kernel's to serve: when the ranks are in, there is nothing to keep.
void keep_directory_pod(const PodManifest& pod, UniqueFd directory, Admissions& ranks) {
  ImageTree tree{open_host_directory(UniqueFd{check(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0), "dup")})};
  const MountPlan plan = plan_mounts(pod, tree);
  add_lines(pod, tree);
  std::unique_ptr<Placer> placer;
  if (!pod.pin.empty()) placer = std::make_unique<Placer>(pod.topology);
  const CallersSettings settings = settings_of(pod, tree, plan);
  enter_user_namespace(pod.inside_uid, pod.inside_gid);
  Builder builder{pod, plan, {.directory = directory.get(), .additions = tree.additions()}};
  drop_all_privileges();
  const OwnProc own;
  const std::vector<UniqueFd> made = builder.namespaces(-1);
  admit_ranks(pod, admission_of(pod, plan, own, made, settings), std::move(placer), ranks, -1,
              own.threads.get());
  ranks.close();
}

}  // namespace

void keep_pod(const PodManifest& pod, UniqueFd image, UniqueFd profile, Admissions& ranks) {
  if (is_directory(image.get())) {
    keep_directory_pod(pod, std::move(image), ranks);
  } else {
    keep_served_pod(pod, std::move(image), std::move(profile), ranks);
  }
}

}  // namespace sabot
