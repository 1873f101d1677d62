// SPDX-License-Identifier: Apache-2.0
// store_leases.cc: see store_leases.h.
#include "images/store_leases.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "images/process_identity.h"
#include "images/store_files.h"
#include "images/store_folders.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

constexpr std::int64_t kClockSlack_s = 300;

// Users write into a site's leases/ (mode 1777), so it is not for refuse_foreign: of what is in it, only
// names and times are read.
UniqueFd open_leases(int root) {
  return UniqueFd{::openat(root, kLeasesFolder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
}

std::string lease_file(const std::string& digest, const std::string& holder) {
  if (!is_sha256_digest(digest)) throw Refused("a lease of what is no digest");
  return digest.substr(7) + "." + holder;
}

bool means_not_ours_to_write(int err) {
  return err == EROFS || err == EACCES || err == EPERM || err == ENOENT || err == ENOSPC || err == EDQUOT;
}

}  // namespace

std::string user_holder() { return "u" + std::to_string(::geteuid()); }
std::string job_holder(std::uint64_t job) { return "j" + std::to_string(job); }
std::string process_holder() { return "p" + own_identity(); }

bool take_lease(const Store& store, const std::string& digest, const std::string& holder,
                std::int64_t seconds) {
  const UniqueFd leases = open_leases(store.fd());
  if (!leases.valid()) return false;
  const std::string file = lease_file(digest, holder);
  const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const UniqueFd fd{::openat(leases.get(), file.c_str(), flags, 0644)};
  if (!fd.valid() && means_not_ours_to_write(errno)) return false;
  check(fd.get(), "take lease", file);
  // Two calls: the first has the file system say what time it is; at no moment is the lease shorter than it
  // was.
  const timespec now[2] = {{.tv_sec = 0, .tv_nsec = UTIME_NOW}, {.tv_sec = 0, .tv_nsec = UTIME_OMIT}};
  struct stat st {};
  if (::futimens(fd.get(), now) == -1 && means_not_ours_to_write(errno)) return false;
  check(::fstat(fd.get(), &st), "fstat", file);
  const timespec until = {.tv_sec = std::max(st.st_mtim.tv_sec, st.st_atim.tv_sec + seconds), .tv_nsec = 0};
  const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, until};
  check(::futimens(fd.get(), times), "prolong lease", file);
  return true;
}

void make_leases_folder(const Store& store, bool shared) {
  if (::mkdirat(store.fd(), kLeasesFolder, 0700) == -1 && errno != EEXIST)
    throw Error(errno, std::string("mkdir '") + kLeasesFolder + "'");
  const UniqueFd leases = open_leases(store.fd());
  struct stat st {};
  check(::fstat(leases.get(), &st), "fstat", kLeasesFolder);
  const mode_t wanted = shared ? 01777 : 0700;  // the umask is not asked
  if ((st.st_mode & 07777) != wanted && st.st_uid == ::geteuid())
    check(::fchmod(leases.get(), wanted), "chmod", kLeasesFolder);
}

void drop_lease(const Store& store, const std::string& digest, const std::string& holder) {
  const UniqueFd leases = open_leases(store.fd());
  if (leases.valid()) ::unlinkat(leases.get(), lease_file(digest, holder).c_str(), 0);
}

std::vector<Lease> list_leases(const Store& store) {
  const UniqueFd leases = open_leases(store.fd());
  if (!leases.valid()) return {};
  std::vector<Lease> all;
  for (const std::string& file : list_folder(leases.get())) {
    const std::size_t dot = file.find('.');
    const std::string digest = "sha256:" + file.substr(0, dot);
    struct stat st {};
    if (dot == file.npos || !is_sha256_digest(digest)) continue;
    if (::fstatat(leases.get(), file.c_str(), &st, AT_SYMLINK_NOFOLLOW) == -1 || !S_ISREG(st.st_mode))
      continue;
    all.push_back({digest, file.substr(dot + 1), st.st_mtim.tv_sec, st.st_ctim.tv_sec, st.st_uid});
  }
  return all;
}

std::uint64_t job_of(const std::string& holder) {
  std::uint64_t job = 0;
  const char* end = holder.data() + holder.size();
  if (!holder.starts_with('j') || std::from_chars(holder.data() + 1, end, job).ptr != end) return 0;
  return job;
}

bool protects(const Lease& lease, std::int64_t now_s) {
  if (lease.holder.starts_with('p')) {
    const Liveness holder = liveness_of(std::string_view(lease.holder).substr(1));
    if (holder != Liveness::elsewhere) return holder == Liveness::alive;
  }
  return lease.until_s + kClockSlack_s > now_s;
}

}  // namespace sabot::images
