// SPDX-License-Identifier: Apache-2.0
// mount_option.cc: see mount_option.h.
#include "mount_option.h"

#include <algorithm>
#include <filesystem>

#include "mount_flags.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

constexpr std::string_view kEscaped = ",:\\ ";  // what a backslash may stand before
constexpr std::size_t kPathBytes = 4096;        // PATH_MAX

// The parts of `text` between separators that no backslash stands before. The backslashes are left in.
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == separator) {
      parts.emplace_back();
      continue;
    }
    parts.back() += text[i];
    if (text[i] == '\\' && i + 1 < text.size()) parts.back() += text[++i];
  }
  return parts;
}

// One entry of the option, with what its messages need.
struct Entry {
  const std::string& text;
  const std::string& why;

  [[noreturn]] void wrong(const std::string& reason) const {
    throw UsageError(why + ": '" + printable(text) + "': " + reason);
  }
  std::string without_escapes(const std::string& part) const {
    std::string path;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part[i] == '\\' && (++i == part.size() || kEscaped.find(part[i]) == kEscaped.npos))
        wrong("a backslash stands before a comma, a colon, a blank or a backslash; write \\\\ for one");
      path += part[i];
    }
    return path;
  }
  std::string checked(std::string path) const {
    if (has_control_characters(path)) wrong("control characters are not accepted");
    if (path.size() >= kPathBytes) wrong("a path of more than 4095 bytes");
    return path;
  }
};

std::string target_of(const Entry& entry, const std::string& part) {
  const std::string written = entry.without_escapes(part);
  if (written.empty() || (written.front() != '/' && written.front() != '.'))
    entry.wrong("the target must begin with / (or ., which is / there)");
  std::string target = entry.checked(normal_path(written, "/"));
  if (target == "/") entry.wrong("the root itself cannot be a target");
  return target;
}

std::string source_of(const Entry& entry, const std::string& part, const std::string& directory) {
  const std::string written = entry.without_escapes(part);
  if (written.empty() || (written.front() != '/' && written.front() != '.'))
    entry.wrong("the source must begin with / or . (or be tmpfs or umount)");
  return entry.checked(normal_path(written, directory));
}

Mount parse_mount(const Entry& entry, const std::string& directory) {
  const std::vector<std::string> parts = split(entry.text, ':');
  if (parts.size() > 3) entry.wrong("more than SRC:DST:FLAGS; a colon in a path is written \\:");
  Mount mount;
  mount.why = entry.why;
  const std::string& source = parts[0];
  if (source == "tmpfs") mount.kind = MountKind::tmpfs;
  if (source == "umount") mount.kind = MountKind::umount;
  if (mount.kind == MountKind::bind) {
    mount.source = source_of(entry, source, directory);
  } else if (parts.size() < 2) {
    entry.wrong(source + " needs a target: " + source + ":DST");
  }
  mount.target = parts.size() > 1 ? target_of(entry, parts[1]) : mount.source;
  if (mount.target == "/") entry.wrong("the root itself cannot be a target");
  if (parts.size() == 3)
    for (const std::string& flag : split(parts[2], '+'))
      if (const std::optional<std::string> reason = apply_flag(mount, flag)) entry.wrong(*reason);
  return mount;
}

// A repetition of a mount that no umount stands behind does nothing.
bool repeats(const std::vector<Mount>& mounts, const Mount& mount) {
  for (auto it = mounts.rbegin(); it != mounts.rend(); ++it) {
    if (*it == mount) return true;
    if (it->kind == MountKind::umount) return false;
  }
  return false;
}

std::string with_escapes(const std::string& path) {
  std::string text;
  for (const char c : path) {
    if (c == ',' || c == ':' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

std::string format_source(const Mount& mount) {
  if (mount.kind == MountKind::tmpfs) return "tmpfs";
  return mount.kind == MountKind::umount ? "umount" : with_escapes(mount.source);
}

}  // namespace

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::string normal_path(const std::string& path, const std::string& directory) {
  const std::filesystem::path whole = std::filesystem::path(directory) / path;
  std::string normal = whole.lexically_normal().string();
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal.starts_with("//") ? normal.substr(1) : normal;
}

std::vector<Mount> parse_mounts(const std::string& text, const std::string& directory,
                                const std::string& why) {
  if (has_control_characters(text)) Entry{text, why}.wrong("control characters are not accepted");
  std::vector<Mount> mounts;
  for (const std::string& entry : split(text, ',')) {
    if (entry.empty()) Entry{text, why}.wrong("an empty entry; write SRC[:DST[:FLAGS]],...");
    Mount mount = parse_mount({entry, why}, directory);
    if (!repeats(mounts, mount)) mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::string format_mounts(const std::vector<Mount>& mounts) {
  std::string text;
  for (const Mount& mount : mounts) {
    if (!text.empty()) text += ',';
    text += format_source(mount) + ":" + with_escapes(mount.target) + ":" + format_flags(mount);
  }
  return text;
}

}  // namespace sabot
