// SPDX-License-Identifier: Apache-2.0
// store_sweep.cc: see store_sweep.h.
#include "images/store_sweep.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "images/process_identity.h"
#include "images/store_files.h"
#include "images/store_folders.h"
#include "images/store_names.h"
#include "images/store_sources.h"
#include "images/store_staging.h"
#include "images/store_tags.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

constexpr std::int64_t kDay_s = 24 * 3600;
constexpr std::int64_t kDownloads_s = 7 * kDay_s;

std::optional<UniqueFd> folder_if_there(const Store& store, const char* path) {
  try {
    return open_folder(store.fd(), path, false);
  } catch (const Error& e) {
    if (e.code().value() == ENOENT) return std::nullopt;
    throw;
  }
}

bool unchanged_for(int folder, const std::string& name, std::int64_t now_s, std::int64_t seconds) {
  struct stat st {};
  return ::fstatat(folder, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
         now_s - st.st_mtim.tv_sec >= seconds;
}

void sweep_old_files(const Store& store, const char* path, std::int64_t now_s, std::int64_t seconds) {
  const auto folder = folder_if_there(store, path);
  if (!folder) return;
  for (const std::string& name : list_folder(folder->get()))
    if (unchanged_for(folder->get(), name, now_s, seconds)) ::unlinkat(folder->get(), name.c_str(), 0);
}

// A user's own lease says when an image was used last, so it stays as long as the image.
void sweep_leases(Store& store, std::int64_t now_s, const JobIsAlive& job_is_alive) {
  for (const Lease& lease : list_leases(store)) {
    const std::uint64_t job = job_of(lease.holder);
    if (protects(lease, now_s) || (job != 0 && job_is_alive && job_is_alive(job))) continue;
    if (lease.holder.starts_with('u') && store.find(lease.digest)) continue;
    drop_lease(store, lease.digest, lease.holder);
  }
}

void sweep_sources(Store& store, std::int64_t now_s) {
  const auto sources = folder_if_there(store, kSourcesFolder);
  if (!sources) return;
  for (const std::string& hex : list_folder(sources->get())) {
    const std::string digest = "sha256:" + hex;
    if (!is_sha256_digest(digest) || store.find(digest)) continue;
    if (unchanged_for(sources->get(), hex, now_s, kDay_s)) remove_source(store, digest);
  }
}

void sweep_names(Store& store, std::int64_t now_s) {
  const auto names = folder_if_there(store, "names");
  if (!names) return;
  for (const std::string& file : list_folder(names->get())) {
    const auto name = decode_name(file);
    if (!name || store.find(*name) || !unchanged_for(names->get(), file, now_s, kDay_s)) continue;
    ::unlinkat(names->get(), file.c_str(), 0);
  }
}

}  // namespace

std::string describe_holder(const std::string& holder) {
  if (const std::uint64_t job = job_of(holder); job != 0) return "job " + std::to_string(job);
  if (holder.starts_with('u')) return "a job that user " + holder.substr(1) + " may have queued";
  return "a process";
}

void put_back(int going, const std::string& aside, int images, const std::string& digest) {
  const std::string file = file_of(digest);
  if (::renameat2(going, aside.c_str(), images, file.c_str(), RENAME_NOREPLACE) == 0) return;
  if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
    struct stat st {};
    if (::fstatat(images, file.c_str(), &st, AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT) {
      check(::renameat(going, aside.c_str(), images, file.c_str()), "put back", digest);
      return;
    }
    errno = EEXIST;
  }
  if (errno != EEXIST) throw Error(errno, "put back '" + digest + "'");
  check(::unlinkat(going, aside.c_str(), 0), "unlink", aside);
}

void sweep_going(Store& store, std::int64_t now_s, const JobIsAlive& job_is_alive) {
  const auto going = folder_if_there(store, kGoingFolder);
  if (!going) return;
  const UniqueFd images = open_folder(store.fd(), kImagesFolder, true);
  for (const std::string& aside : list_folder(going->get())) {
    const std::size_t dot = aside.find('.');
    const std::string digest = "sha256:" + aside.substr(0, dot);
    if (dot == aside.npos || !is_sha256_digest(digest)) continue;
    const Liveness collector = liveness_of(std::string_view(aside).substr(dot + 1));
    struct stat st {};
    const bool there = ::fstatat(going->get(), aside.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there || collector == Liveness::alive) continue;
    if (collector == Liveness::elsewhere && now_s - st.st_ctim.tv_sec < kDay_s) continue;
    const UniqueFd lock = lock_store(store.fd());
    const bool needed = lease_that_keeps(list_leases(store), digest, now_s, job_is_alive) != nullptr;
    if (needed || read_all_names(store.fd()).contains(digest))
      put_back(going->get(), aside, images.get(), digest);
    else
      ::unlinkat(going->get(), aside.c_str(), 0);
  }
}

void sweep_records(Store& store, std::int64_t now_s, const JobIsAlive& job_is_alive) {
  reclaim_staging(open_folder(store.fd(), "staging", true).get(), now_s);
  sweep_leases(store, now_s, job_is_alive);
  sweep_names(store, now_s);
  sweep_sources(store, now_s);
  sweep_old_files(store, kPartialBlobsFolder, now_s, kDownloads_s);
}

}  // namespace sabot::images
