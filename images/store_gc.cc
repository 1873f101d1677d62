// SPDX-License-Identifier: Apache-2.0
// store_gc.cc: see store_gc.h.
#include "images/store_gc.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "images/process_identity.h"
#include "images/store_files.h"
#include "images/store_folders.h"
#include "images/store_names.h"
#include "images/store_staging.h"
#include "images/store_sweep.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

std::uint64_t total_size(const std::vector<GcVerdict>& verdicts) {
  std::uint64_t bytes = 0;
  for (const GcVerdict& verdict : verdicts) bytes += verdict.image.record.size_bytes;
  return bytes;
}

bool may_go(const GcVerdict& verdict) { return verdict.why.empty(); }

void judge(GcVerdict& verdict, const GcPolicy& policy) {
  if (!verdict.image.needed_by.empty())
    verdict.why = "needed by " + describe_holder(verdict.image.needed_by);
  else if (!policy.named && !verdict.image.record.names.empty())
    verdict.why = "it has a name";
}

std::vector<GcImage> images_of(const Store& store, const std::vector<Lease>& leases, std::int64_t now_s,
                               const JobIsAlive& job_is_alive) {
  std::vector<GcImage> images;
  for (ImageRecord& record : store.list()) {
    GcImage image{std::move(record), 0, {}};
    image.used_s = image.record.stored_s;
    for (const Lease& lease : leases)
      if (lease.digest == image.record.digest) image.used_s = std::max(image.used_s, lease.asked_s);
    if (const Lease* lease = lease_that_keeps(leases, image.record.digest, now_s, job_is_alive))
      image.needed_by = lease->holder;
    images.push_back(std::move(image));
  }
  return images;
}

void take_out(Store& store, GcVerdict& verdict, const RemovalRules& rules) {
  const std::string stays = remove_unless_needed(store, verdict.image.record.digest, rules);
  if (stays.empty()) return;
  verdict.goes = false;
  verdict.why = stays;
}

/// Looked at only after the image was set aside: see the head of store_leases.h.
std::string why_it_stays(const Store& store, const std::string& digest, const RemovalRules& rules,
                         std::int64_t now_s) {
  std::vector<Lease> leases = list_leases(store);
  std::erase_if(leases,
                [&](const Lease& lease) { return rules.ignore.find(lease.holder[0]) != std::string::npos; });
  if (const Lease* lease = lease_that_keeps(leases, digest, now_s, rules.job_is_alive))
    return "needed by " + describe_holder(lease->holder);
  if (rules.only_unnamed && read_all_names(store.fd()).contains(digest)) return "it has a name";
  return {};
}

void remove_names(const Store& store, const std::string& digest) {
  const UniqueFd names = open_folder(store.fd(), "names", true);
  const auto all = read_all_names(store.fd());
  const auto found = all.find(digest);
  if (found == all.end()) return;
  for (const std::string& name : found->second) ::unlinkat(names.get(), encode_name(name).c_str(), 0);
}

}  // namespace

const Lease* lease_that_keeps(const std::vector<Lease>& leases, const std::string& digest, std::int64_t now_s,
                              const JobIsAlive& job_is_alive) {
  for (const Lease& lease : leases) {
    if (lease.digest != digest) continue;
    const std::uint64_t job = job_of(lease.holder);
    if (protects(lease, now_s) || (job != 0 && job_is_alive && job_is_alive(job))) return &lease;
  }
  return nullptr;
}

std::vector<GcVerdict> decide_gc(std::vector<GcImage> images, const GcPolicy& policy, std::int64_t now_s) {
  std::sort(images.begin(), images.end(), [](const GcImage& a, const GcImage& b) {
    return a.used_s != b.used_s ? a.used_s < b.used_s : a.record.digest < b.record.digest;
  });
  std::vector<GcVerdict> verdicts;
  verdicts.reserve(images.size());
  for (GcImage& image : images) verdicts.push_back({std::move(image), false, {}});
  for (GcVerdict& verdict : verdicts) judge(verdict, policy);
  std::size_t kept = 0;
  for (auto last = verdicts.rbegin(); last != verdicts.rend() && kept < policy.keep; ++last)
    if (may_go(*last)) last->why = "among the " + std::to_string(policy.keep) + " used last", ++kept;
  std::uint64_t left = total_size(verdicts);
  for (GcVerdict& verdict : verdicts) {
    if (!may_go(verdict)) continue;
    const bool old = now_s - verdict.image.used_s >= policy.older_than_s;
    const bool too_much = policy.size_bytes && left > *policy.size_bytes;
    verdict.goes = old || too_much;
    verdict.why = old ? "unused for long" : too_much ? "the store is too large" : "used not long ago";
    if (verdict.goes) left -= verdict.image.record.size_bytes;
  }
  return verdicts;
}

std::string remove_unless_needed(Store& store, const std::string& digest, const RemovalRules& rules) {
  const UniqueFd images = open_folder(store.fd(), kImagesFolder, true);
  const UniqueFd going = open_folder(store.fd(), kGoingFolder, true);
  const std::int64_t now_s = file_system_now(open_folder(store.fd(), "staging", true).get());
  const std::string aside = digest.substr(7) + "." + own_identity();
  const UniqueFd lock = lock_store(store.fd());
  if (::renameat(images.get(), file_of(digest).c_str(), going.get(), aside.c_str()) == -1) {
    if (errno == ENOENT) return {};  // somebody else was faster
    throw Error(errno, "set aside '" + digest + "'");
  }
  std::string stays = why_it_stays(store, digest, rules, now_s);
  if (!stays.empty()) {
    put_back(going.get(), aside, images.get(), digest);
    return stays;
  }
  remove_names(store, digest);
  check(::unlinkat(going.get(), aside.c_str(), 0), "unlink", aside);
  return {};
}

std::vector<GcVerdict> collect(Store& store, const GcPolicy& policy, const JobIsAlive& job_is_alive,
                               bool dry_run) {
  std::int64_t now_s = ::time(nullptr);
  if (!dry_run) {
    const UniqueFd staging = open_folder(store.fd(), "staging", true);
    now_s = file_system_now(staging.get());
    sweep_going(store, now_s, job_is_alive);
  }
  const std::vector<Lease> leases = list_leases(store);
  std::vector<GcVerdict> verdicts = decide_gc(images_of(store, leases, now_s, job_is_alive), policy, now_s);
  if (dry_run) return verdicts;
  for (GcVerdict& verdict : verdicts)
    if (verdict.goes) take_out(store, verdict, {job_is_alive, "", !policy.named});
  sweep_records(store, now_s, job_is_alive);
  return verdicts;
}

}  // namespace sabot::images
