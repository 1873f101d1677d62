// SPDX-License-Identifier: Apache-2.0
// mount_option.cc: see mount_option.h.
#include "mount_option.h"

#include <algorithm>
#include <filesystem>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (;;) {
    const std::size_t to = text.find(separator, from);
    parts.push_back(text.substr(from, to == text.npos ? to : to - from));
    if (to == text.npos) return parts;
    from = to + 1;
  }
}

[[noreturn]] void wrong(const std::string& why, const std::string& entry, const std::string& reason) {
  throw UsageError(why + ": '" + printable(entry) + "': " + reason);
}

void apply_flag(Mount& mount, const std::string& flag, const std::string& entry) {
  if (flag == "ro") {
    mount.read_only = true;
  } else if (flag == "rw") {
    mount.read_only = false;
  } else if (flag != "bind" && flag != "rbind" && flag != "nosuid" &&
             flag != "nodev") {  // these are so anyway
    wrong(mount.why, entry,
          "unknown flag '" + printable(flag) + "'; known are ro, rw, bind, rbind, nosuid, nodev");
  }
}

Mount parse_mount(const std::string& entry, const std::string& directory, const std::string& why) {
  const std::vector<std::string> parts = split(entry, ':');
  if (parts.size() > 3)
    wrong(why, entry, "more than SRC:DST:FLAGS; a path with ':' or ',' cannot be written here");
  Mount mount;
  mount.why = why;
  const std::string& source = parts[0];
  if (source == "tmpfs") {
    if (parts.size() < 2) wrong(why, entry, "a tmpfs needs a target: tmpfs:DST");
    mount.kind = MountKind::tmpfs;
    mount.mode = 0755;
  } else if (source.empty() || (source.front() != '/' && source.front() != '.')) {
    wrong(why, entry, "the source must begin with / or . (or be tmpfs)");
  } else {
    mount.source = normal_path(source, directory);
  }
  mount.target = parts.size() > 1 ? parts[1] : mount.source;
  if (mount.target.empty() || mount.target.front() != '/') wrong(why, entry, "the target must begin with /");
  mount.target = normal_path(mount.target, "/");
  if (mount.target == "/") wrong(why, entry, "the root itself cannot be a target");
  if (parts.size() == 3)
    for (const std::string& flag : split(parts[2], '+')) apply_flag(mount, flag, entry);
  return mount;
}

}  // namespace

std::string normal_path(const std::string& path, const std::string& directory) {
  const std::filesystem::path whole = std::filesystem::path(directory) / path;
  std::string normal = whole.lexically_normal().string();
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal.starts_with("//") ? normal.substr(1) : normal;
}

std::vector<Mount> parse_mounts(const std::string& text, const std::string& directory,
                                const std::string& why) {
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    wrong(why, text, "control characters are not accepted");
  std::vector<Mount> mounts;
  for (const std::string& entry : split(text, ',')) {
    if (entry.empty()) wrong(why, text, "an empty entry; write SRC[:DST[:FLAGS]],...");
    Mount mount = parse_mount(entry, directory, why);
    if (std::find(mounts.begin(), mounts.end(), mount) == mounts.end()) mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::string format_mounts(const std::vector<Mount>& mounts) {
  std::string text;
  for (const Mount& mount : mounts) {
    if (!text.empty()) text += ',';
    text += (mount.kind == MountKind::tmpfs ? "tmpfs" : mount.source) + ":" + mount.target;
    text += mount.read_only ? ":ro" : ":rw";
  }
  return text;
}

}  // namespace sabot
