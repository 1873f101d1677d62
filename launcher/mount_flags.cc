// SPDX-License-Identifier: Apache-2.0
// mount_flags.cc: see mount_flags.h.
#include "mount_flags.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "size.h"
#include "sys/files.h"

namespace sabot {
namespace {

enum Kinds : unsigned { kBind = 1, kTmpfs = 2, kUmount = 4, kMounts = kBind | kTmpfs, kAll = 7 };

struct Row {
  std::string_view name;
  unsigned kinds;
  void (*apply)(Mount&);
};

void holds_anyway(Mount&) {}

constexpr Row kRows[] = {
    {"ro", kMounts, [](Mount& m) { m.read_only = true; }},
    {"rw", kMounts, [](Mount& m) { m.read_only = false; }},
    {"noexec", kMounts, [](Mount& m) { m.no_exec = true; }},
    {"exec", kMounts, [](Mount& m) { m.no_exec = false; }},
    {"nosuid", kMounts, holds_anyway},
    {"nodev", kMounts, holds_anyway},
    {"private", kMounts, [](Mount& m) { m.propagation = Propagation::private_top; }},
    {"rprivate", kMounts, [](Mount& m) { m.propagation = Propagation::private_tree; }},
    {"slave", kMounts, [](Mount& m) { m.propagation = Propagation::slave; }},
    {"rslave", kMounts, [](Mount& m) { m.propagation = Propagation::slave; }},
    {"nofail", kAll, [](Mount& m) { m.if_present = m.kind != MountKind::tmpfs; }},
    {"bind", kBind, holds_anyway},
    {"rbind", kBind, holds_anyway},
    {"x-create=auto", kMounts, holds_anyway},
    {"x-create=dir", kMounts, holds_anyway},
    {"x-create=file", kBind, holds_anyway},
    {"x-detach", kUmount, holds_anyway},
};

struct Refusal {
  std::string_view name;
  const char* why;
};

constexpr char kAtime[] = "the host's setting of access times holds, a user cannot change it";
constexpr char kShared[] = "a mount that is made in a pod is never seen outside";
constexpr char kServer[] = "it belongs to the file system, which is mounted already";
constexpr Refusal kRefusals[] = {
    {"suid", "every mount of a pod is nosuid"},
    {"dev", "device nodes work below /dev alone"},
    {"shared", kShared},
    {"rshared", kShared},
    {"unbindable", "binds are made before the pod's ranks run"},
    {"runbindable", "binds are made before the pod's ranks run"},
    {"atime", kAtime},
    {"noatime", kAtime},
    {"diratime", kAtime},
    {"nodiratime", kAtime},
    {"relatime", kAtime},
    {"norelatime", kAtime},
    {"strictatime", kAtime},
    {"nostrictatime", kAtime},
    {"lazytime", kAtime},
    {"nolazytime", kAtime},
    {"sync", kServer},
    {"async", kServer},
    {"dirsync", kServer},
    {"remount", "write the mount itself with the flags it shall have"},
    {"x-move", "write the mount at the place where it shall be"},
    {"silent", "a mount that cannot be made is always said; nofail lets a missing source be missing"},
};

unsigned kind_of(const Mount& mount) {
  if (mount.kind == MountKind::tmpfs) return kTmpfs;
  return mount.kind == MountKind::umount ? kUmount : kBind;
}

std::string known_flags(unsigned kind) {
  std::string names;
  for (const Row& row : kRows)
    if ((row.kinds & kind) != 0) names.append(names.empty() ? "" : ", ").append(row.name);
  return names + (kind == kTmpfs ? ", size=, mode=" : "");
}

bool set_size(Mount& mount, const std::string& value) {
  const std::optional<std::uint64_t> bytes = parse_size(value);
  if (bytes) mount.size_bytes = *bytes;
  return bytes.has_value();
}

bool set_mode(Mount& mount, const std::string& value) {
  unsigned mode = 0;
  const char* end = value.data() + value.size();
  const auto [rest, err] = std::from_chars(value.data(), end, mode, 8);
  if (err != std::errc{} || rest != end || value.empty() || mode > 01777) return false;
  mount.mode = mode;
  return true;
}

}  // namespace

std::optional<std::string> apply_flag(Mount& mount, const std::string& flag) {
  const unsigned kind = kind_of(mount);
  const std::string quoted = "'" + printable(flag) + "'";
  const auto* row =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.name == flag; });
  if (row != std::end(kRows) && (row->kinds & kind) != 0) {
    row->apply(mount);
    return std::nullopt;
  }
  if (kind == kTmpfs && flag.starts_with("size=")) {
    if (set_size(mount, flag.substr(5))) return std::nullopt;
    return "flag " + quoted + ": no size; write bytes, or a number with K, M, G or T";
  }
  if (kind == kTmpfs && flag.starts_with("mode=")) {
    if (set_mode(mount, flag.substr(5))) return std::nullopt;
    return "flag " + quoted + ": no mode; write octal digits up to 1777";
  }
  for (const Refusal& refusal : kRefusals)
    if (refusal.name == flag) return "flag " + quoted + " cannot be had: " + refusal.why;
  return (row != std::end(kRows) ? "flag " + quoted + " does not belong here" : "unknown flag " + quoted) +
         "; known are " + known_flags(kind);
}

std::string format_flags(const Mount& mount) {
  if (mount.kind == MountKind::umount) return mount.if_present ? "x-detach+nofail" : "x-detach";
  std::string flags = mount.read_only ? "ro" : "rw";
  if (mount.no_exec) flags += "+noexec";
  if (mount.propagation == Propagation::private_top) flags += "+private";
  if (mount.propagation == Propagation::private_tree) flags += "+rprivate";
  if (mount.if_present) flags += "+nofail";
  if (mount.size_bytes != 0) flags += "+size=" + std::to_string(mount.size_bytes);
  if (mount.kind == MountKind::tmpfs && mount.mode != Mount{}.mode) {
    char octal[16];
    const char* const from = octal;
    const char* end = std::to_chars(octal, octal + sizeof octal, mount.mode, 8).ptr;
    flags += "+mode=" + std::string(from, end);
  }
  return flags;
}

}  // namespace sabot
