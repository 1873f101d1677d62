// SPDX-License-Identifier: Apache-2.0
// prepare.cc: `sabot prepare`, stage0 of one pod: the first rank's request in, a pod manifest out, then
// stage1. Not here: who is the first (stage1-hpc/rendezvous.h), what the manifest says (pod_builder.cc). Runs
// as the user, in the step's cgroup, in a session of its own, with the descriptors of stage0_abi.h.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>

#include "commands.h"
#include "hand_over.h"
#include "images/directory_image.h"
#include "images/squashfs_file.h"
#include "images/store_leases.h"
#include "pod_builder.h"
#include "profile_file.h"
#include "programs.h"
#include "slurm_conf.h"
#include "stage0_abi.h"
#include "stores.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

// The keeper must not be the rank's child: the rank's own wait() would see it. And of what slurmstepd left
// open nothing is held: a pipe end would keep srun waiting.
void leave_rank() {
  check(::syscall(SYS_close_range, static_cast<unsigned>(kDoorFd) + 1, ~0U, 0U), "close_range");
  if (check(::fork(), "fork") != 0) ::_exit(0);
}

// Whose need of the image a collector shall see: the job's, told by the first node of each step, for
// thousands writing the same would be a load; without a job this process's, which becomes the keeper. Of
// JOB.STEP.NODE or run.PID.
std::string lease_holder(const std::string& pod) {
  if (pod.starts_with("run.")) return images::process_holder();
  std::uint64_t job = 0;
  std::from_chars(pod.data(), pod.data() + pod.size(), job);
  return job != 0 && pod.ends_with(".0") ? images::job_holder(job) : "";
}

UniqueFd open_stored(const MessageReader& request, const SiteConfig& site, const std::string& digest) {
  const images::Store store = open_to_read(site, request.first(name::kStore, ""));
  const std::string holder = lease_holder(request.first(name::kPod, ""));
  if (!holder.empty()) images::take_lease(store, digest, holder, site.lease_s);
  return store.open_image(digest);
}

UniqueFd open_image(const MessageReader& request, const SiteConfig& site) {
  const std::string image = request.first(name::kImage, "");
  const Context doing{"image '" + printable(image) + "'"};
  if (image.starts_with("sha256:")) return open_stored(request, site, image);
  if (image.empty() || image.front() != '/') throw Refused("neither a digest nor an absolute path");
  return UniqueFd{check(::open(image.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK), "open on this node")};
}

// Truncated, or no squashfs, or no root file system: said here, in words.
images::LaunchConfig look_at_image(const MessageReader& request, int image) {
  const std::string name = request.first(name::kImage, "");
  const Context doing{"image '" + printable(name) + "'"};
  if (is_directory(image)) {
    images::open_root_directory(name);
    return images::read_directory_config(image);
  }
  images::read_image_info(image);
  return images::read_launch_config(image);
}

[[noreturn]] void become_stage1(std::vector<std::string> arguments) {
  const std::string program = libexec_program("sabot-stage1");
  std::vector<char*> argv{const_cast<char*>("sabot-stage1")};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  throw Error(errno, "start " + program);
}

void hand_over(const PodManifest& pod, const UniqueFd& image, const UniqueFd& profile) {
  const UniqueFd manifest = filled_pipe(encode(pod));
  constexpr int kAboveAll = kStage1ProfileFd + 1;  // where placing the others does not close it
  const UniqueFd above{profile.valid() ? ::fcntl(profile.get(), F_DUPFD_CLOEXEC, kAboveAll) : -1};
  place(manifest.get(), kStage1ManifestFd);
  place(image.get(), kStage1ImageFd);
  if (above.valid()) place(above.get(), kStage1ProfileFd);
  become_stage1({});
}

}  // namespace

int prepare_command(const GlobalOptions& global) {
  if (::fcntl(kDoorFd, F_GETFD) == -1)
    throw UsageError("prepare is internal: the first rank of a pod starts it");
  leave_rank();
  const std::string bytes = read_all(kStage0RequestFd, kMessageBytes);
  const MessageReader request{bytes.data(), bytes.size()};
  try {
    if (!request.valid()) throw Refused("the request is of another release of Sabot");
    SiteConfig site = read_site_config(global.config_file);
    const std::string slurm_conf = request.first(name::kSlurmConf, "");
    site.task_prolog = task_prolog_of(slurm_conf.empty() ? find_slurm_conf() : slurm_conf);
    const UniqueFd image = open_image(request, site);
    PodManifest pod = build_manifest(request, site, look_at_image(request, image.get()));
    if (!is_directory(image.get())) {
      const images::FilePiece piece = images::squashfs_place(image.get());
      pod.image_offset = piece.offset;
      pod.image_bytes = piece.bytes;
    }
    UniqueFd profile;
    if (site.start_profile && !is_directory(image.get()))
      profile = open_profile(request.first(name::kStore, ""), request.first(name::kImage, ""), image.get(),
                             request.first(name::kPod, ""));
    hand_over(pod, image, profile);
  } catch (const std::exception& e) {
    // The ranks wait at the socket; stage1 knows how to speak to them.
    become_stage1({"--refuse", request.valid() ? request.first(name::kLocalRanks, "1") : "1", e.what()});
  }
  return kExitRuntime;
}

}  // namespace sabot
