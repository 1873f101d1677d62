// SPDX-License-Identifier: Apache-2.0
// mount_plan.cc: see mount_plan.h.
#include "mount_plan.h"

#include <sys/stat.h>

#include <algorithm>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

constexpr std::size_t kAccountFileBytes =
    16 * 1024 * 1024;  // /etc/passwd of an image; larger is no account file

bool is_below(const std::string& path, const std::string& directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

std::string title(const Mount& mount) {
  return "bind " + printable(mount.source) + " onto " + printable(mount.target) + " (" + mount.why + ")";
}

// Neither something of the image, nor a mount made before: the submit directory may be /tmp or /sys.
bool hides_nothing(const ImageTree& tree, const std::vector<PlannedMount>& earlier,
                   const std::string& target) {
  for (const PlannedMount& planned : earlier)
    if (is_below(planned.mount.target, target)) return false;
  return tree.kind_of(target) == ImageTree::Kind::missing || tree.is_empty_directory(target);
}

bool is_mounted(const std::vector<PlannedMount>& mounts, const std::string& target) {
  return std::any_of(mounts.begin(), mounts.end(),
                     [&](const PlannedMount& planned) { return planned.mount.target == target; });
}

// As a lazy umount(2): the last mount that was put exactly there, and what was mounted upon or below it
// since.
void take_away(MountPlan& plan, const Mount& mount, const std::string& target) {
  const Context doing{"unmount " + printable(mount.target) + " (" + mount.why + ")"};
  const auto last = std::find_if(plan.mounts.rbegin(), plan.mounts.rend(),
                                 [&](const PlannedMount& planned) { return planned.mount.target == target; });
  if (last == plan.mounts.rend()) {
    if (mount.if_present) return;
    throw Refused(
        "no mount of this pod is there; what the host has mounted below a bind cannot be taken from it");
  }
  const auto from = std::prev(last.base());
  plan.mounts.erase(
      std::remove_if(from, plan.mounts.end(),
                     [&](const PlannedMount& planned) { return is_below(planned.mount.target, target); }),
      plan.mounts.end());
}

// Whether the mount is made at all; `directory` says what its source is.
bool is_wanted(const Mount& mount, const ImageTree& tree, const std::vector<PlannedMount>& earlier,
               bool* directory) {
  *directory = true;
  if (mount.unless_hiding && !hides_nothing(tree, earlier, mount.target)) return false;
  if (mount.kind == MountKind::tmpfs) return true;  // an mqueue where the host has one
  const Context doing{title(mount)};
  struct stat st {};
  if (::stat(mount.source.c_str(), &st) == -1) {
    const int err = errno;
    if (mount.if_present && (err == ENOENT || err == ENOTDIR)) return false;
    throw Error(err, "the source on this node");
  }
  *directory = S_ISDIR(st.st_mode);
  return true;
}

// The target as the kernel will find it, as far as the image has it: where /var/run is a symlink to /run, a
// mount on /run covers /var/run/x as well.
std::string without_links(const ImageTree& tree, const std::string& target) {
  for (std::size_t end = target.size(); end > 0; end = target.rfind('/', end - 1)) {
    const std::optional<std::string> real = tree.resolve(target.substr(0, end));
    if (real) return (*real == "/" ? "" : *real) + target.substr(end);
  }
  return target;
}

void add_mount_point(const PlannedMount& planned, ImageTree& tree) {
  const Context doing{"make the mount point " + printable(planned.mount.target) + " (" + planned.mount.why +
                      ")"};
  if (planned.directory) {
    tree.add_directory(planned.mount.target);
  } else {
    tree.ensure_file(planned.mount.target);
  }
}

std::string field(std::string_view line, unsigned index) {
  while (index-- > 0) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return "";
    line.remove_prefix(colon + 1);
  }
  return std::string(line.substr(0, line.find(':')));
}

bool has_key(std::string_view text, const std::string& key, unsigned key_field) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (field(line, key_field) == key) return true;
  }
  return false;
}

}  // namespace

Ground ground_of(const std::vector<PlannedMount>& earlier, const std::string& target) {
  for (auto it = earlier.rbegin(); it != earlier.rend(); ++it)  // the last one that covers it lies on top
    if (is_below(target, it->mount.target) && target != it->mount.target)
      return it->mount.kind == MountKind::tmpfs ? Ground::tmpfs : Ground::host;
    else if (target == it->mount.target)
      return it->ground == Ground::image ? Ground::image : it->ground;  // its mount point serves again
  return Ground::image;
}

MountPlan plan_mounts(const PodManifest& pod, ImageTree& tree) {
  const Context doing{"build pod " + pod.pod};
  MountPlan plan;
  plan.workdir = pod.workdir;
  for (const Mount& mount : pod.mounts) {
    PlannedMount planned{.mount = mount};
    planned.mount.target = without_links(tree, mount.target);
    if (mount.kind == MountKind::umount) {
      take_away(plan, mount, planned.mount.target);
      if (pod.workdir.empty() && is_below(plan.workdir, mount.target)) plan.workdir.clear();
      continue;
    }
    const bool wanted = is_wanted(planned.mount, tree, plan.mounts, &planned.directory);
    const bool submit_dir = mount.unless_hiding && (wanted || is_mounted(plan.mounts, planned.mount.target));
    if (submit_dir && plan.workdir.empty()) plan.workdir = mount.target;
    if (!wanted) continue;
    planned.ground = ground_of(plan.mounts, planned.mount.target);
    if (planned.ground == Ground::image) add_mount_point(planned, tree);
    plan.mounts.push_back(std::move(planned));
  }
  if (plan.workdir.empty()) plan.workdir = "/";
  if (pod.make_workdir && ground_of(plan.mounts, plan.workdir) == Ground::image)
    tree.add_directory(plan.workdir);
  return plan;
}

void add_lines(const PodManifest& pod, ImageTree& tree) {
  for (const FileLine& wanted : pod.lines) {
    const Context doing{"add the caller to " + wanted.path};
    std::string text = tree.read_image_file(wanted.path, kAccountFileBytes).value_or("");
    if (has_key(text, field(wanted.line, wanted.key_field), wanted.key_field)) continue;
    if (!text.empty() && text.back() != '\n') text += '\n';
    tree.add_file(wanted.path, text + wanted.line + "\n");
  }
}

}  // namespace sabot
