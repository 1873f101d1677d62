// SPDX-License-Identifier: Apache-2.0
// store_staging.cc: see store_staging.h.
#include "images/store_staging.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "images/process_identity.h"
#include "images/store_folders.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::int64_t kForeignAge_s = 24 * 3600;

std::string random_word() {
  static constexpr char kHex[] = "0123456789abcdef";
  unsigned char raw[8];
  check(::getrandom(raw, sizeof raw, 0), "getrandom");
  std::string word;
  for (const unsigned char byte : raw) word += {kHex[byte >> 4], kHex[byte & 15]};
  return word;
}

}  // namespace

Staged stage(int staging) {
  Staged staged;
  staged.name = own_identity() + "." + random_word();
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  staged.fd = UniqueFd{
      check(::openat(staging, staged.name.c_str(), flags, 0600), "create", "staging/" + staged.name)};
  return staged;
}

std::int64_t file_system_now(const Staged& staged) {
  struct stat st {};
  check(::fstat(staged.fd.get(), &st), "fstat", "staging/" + staged.name);
  return st.st_mtim.tv_sec;
}

std::int64_t file_system_now(int staging) {
  const Staged probe = stage(staging);
  const std::int64_t now_s = file_system_now(probe);
  ::unlinkat(staging, probe.name.c_str(), 0);
  return now_s;
}

void reclaim_staging(int staging, std::int64_t now_s) {
  for (const std::string& name : list_folder(staging)) {
    const Liveness writer = liveness_of(name.substr(0, name.rfind('.')));
    if (writer == Liveness::alive) continue;
    struct stat st {};
    if (writer == Liveness::elsewhere && (::fstatat(staging, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == -1 ||
                                          now_s - st.st_mtim.tv_sec < kForeignAge_s))
      continue;
    ::unlinkat(staging, name.c_str(), 0);
  }
}

void replace_file(int root, const std::string& folder, const std::string& name, const std::string& bytes) {
  const UniqueFd staging = open_folder(root, "staging", true);
  const UniqueFd into = open_folder(root, folder, true);
  const Staged staged = stage(staging.get());
  try {
    write_all(staged.fd.get(), bytes);
    check(::fchmod(staged.fd.get(), 0644), "fchmod");
    check(::fsync(staged.fd.get()), "fsync", name);
    check(::renameat(staging.get(), staged.name.c_str(), into.get(), name.c_str()), "rename",
          folder + "/" + name);
    check(::fsync(into.get()), "fsync", folder);
  } catch (...) {
    ::unlinkat(staging.get(), staged.name.c_str(), 0);
    throw;
  }
}

}  // namespace sabot::images
