// SPDX-License-Identifier: Apache-2.0
// store_files.cc: see store_files.h.
#include "images/store_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <string_view>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::string_view kSuffix = ".squashfs";

}  // namespace

std::string file_of(const std::string& digest) {
  if (!is_sha256_digest(digest)) throw Refused("'" + printable(digest) + "' is not a digest");
  return digest.substr(7).append(kSuffix);
}

std::string digest_of(const std::string& file) {
  if (!file.ends_with(kSuffix)) return {};
  std::string digest = "sha256:" + file.substr(0, file.size() - kSuffix.size());
  return is_sha256_digest(digest) ? digest : std::string{};
}

std::optional<ImageRecord> record_of(int images, const std::string& digest) {
  struct stat st {};
  if (::fstatat(images, file_of(digest).c_str(), &st, AT_SYMLINK_NOFOLLOW) == -1) {
    if (errno == ENOENT) return std::nullopt;
    throw Error(errno, "stat '" + digest + "'");
  }
  if (!S_ISREG(st.st_mode)) return std::nullopt;
  return ImageRecord{digest, static_cast<std::uint64_t>(st.st_size), st.st_mtim.tv_sec, {}};
}

}  // namespace sabot::images
