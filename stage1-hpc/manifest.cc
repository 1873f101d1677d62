// SPDX-License-Identifier: Apache-2.0
// manifest.cc: the pod manifest as NUL-terminated strings, `name=value`. A `mount` or `line` begins a group;
// the names after it belong to it.
#include "manifest.h"

#include <charconv>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

constexpr std::string_view kFirst = "sabot-pod=1";  // the format; a stage1 of another release refuses it

class Encoder {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.find('\0') != value.npos) throw Refused("a NUL byte in '" + printable(value) + "'");
    text_.append(name).append("=").append(value).push_back('\0');
  }
  void add(std::string_view name, std::uint64_t value) { add(name, std::to_string(value)); }
  std::string take() {
    if (text_.size() > kManifestBytes) throw Refused("the pod's description is larger than 1 MiB");
    return std::move(text_);
  }

 private:
  std::string text_;
};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (err != std::errc{} || end != text.data() + text.size())
    throw Refused("not a number: '" + printable(text) + "'");
  return value;
}

void decode_pod(PodManifest& pod, std::string_view name, std::string_view value) {
  if (name == "pod")
    pod.pod = value;
  else if (name == "uid")
    pod.inside_uid = static_cast<uid_t>(number(value));
  else if (name == "gid")
    pod.inside_gid = static_cast<gid_t>(number(value));
  else if (name == "image-offset")
    pod.image_offset = number(value);
  else if (name == "image-bytes")
    pod.image_bytes = number(value);
  else if (name == "local-ranks")
    pod.local_ranks = static_cast<unsigned>(number(value));
  else if (name == "own-net")
    pod.own_net = number(value) != 0;
  else if (name == "own-ipc")
    pod.own_ipc = number(value) != 0;
  else if (name == "own-uts")
    pod.own_uts = number(value) != 0;
  else if (name == "writable")
    pod.writable = number(value) != 0;
  else if (name == "writable-bytes")
    pod.writable_bytes = number(value);
  else if (name == "workdir")
    pod.workdir = value;
  else if (name == "make-workdir")
    pod.make_workdir = number(value) != 0;
  else if (name == "env")
    pod.env.emplace_back(value);
  else if (name == "default-env")
    pod.default_env.emplace_back(value);
  else if (name == "pin")
    pod.pin = value;
  else if (name == "pin-must")
    pod.pin_must = number(value) != 0;
  else if (name == "threads")
    pod.threads = static_cast<unsigned>(number(value));
  else if (name == "topology")
    pod.topology = value;
  else if (name == "locale")
    pod.locales.emplace_back(value);
  else if (name == "shell")
    pod.shell = value;
  else if (name == "privileged")
    pod.privileged = number(value) != 0;
  else
    throw Refused("unknown name '" + printable(name) + "'");
}

Propagation propagation(std::string_view text) {
  const std::uint64_t value = number(text);
  if (value > static_cast<std::uint64_t>(Propagation::private_tree))
    throw Refused("unknown propagation '" + printable(text) + "'");
  return static_cast<Propagation>(value);
}

void decode_mount(Mount& mount, std::string_view name, std::string_view value) {
  if (name == "source")
    mount.source = value;
  else if (name == "target")
    mount.target = value;
  else if (name == "why")
    mount.why = value;
  else if (name == "read-only")
    mount.read_only = number(value) != 0;
  else if (name == "no-exec")
    mount.no_exec = number(value) != 0;
  else if (name == "propagation")
    mount.propagation = propagation(value);
  else if (name == "devices")
    mount.devices = number(value) != 0;
  else if (name == "if-present")
    mount.if_present = number(value) != 0;
  else if (name == "unless-hiding")
    mount.unless_hiding = number(value) != 0;
  else if (name == "size")
    mount.size_bytes = number(value);
  else if (name == "mode")
    mount.mode = static_cast<unsigned>(number(value));
  else
    throw Refused("unknown name '" + printable(name) + "' in a mount");
}

void decode_line(FileLine& line, std::string_view name, std::string_view value) {
  if (name == "path")
    line.path = value;
  else if (name == "text")
    line.line = value;
  else if (name == "key-field")
    line.key_field = static_cast<unsigned>(number(value));
  else
    throw Refused("unknown name '" + printable(name) + "' in a line");
}

constexpr std::pair<MountKind, const char*> kKinds[] = {{MountKind::bind, "bind"},
                                                        {MountKind::tmpfs, "tmpfs"},
                                                        {MountKind::mqueue, "mqueue"},
                                                        {MountKind::umount, "umount"}};

const char* kind_name(MountKind kind) {
  for (const auto& [known, name] : kKinds)
    if (known == kind) return name;
  return "";
}

MountKind mount_kind(std::string_view text) {
  for (const auto& [known, name] : kKinds)
    if (name == text) return known;
  throw Refused("unknown kind of mount '" + printable(text) + "'");
}

}  // namespace

std::string encode(const PodManifest& pod) {
  const Context doing{"describe pod " + printable(pod.pod)};
  Encoder out;
  out.add("sabot-pod", 1);
  out.add("pod", pod.pod);
  out.add("uid", pod.inside_uid);
  out.add("gid", pod.inside_gid);
  out.add("image-offset", pod.image_offset);
  out.add("image-bytes", pod.image_bytes);
  out.add("local-ranks", pod.local_ranks);
  out.add("own-net", pod.own_net ? 1 : 0);
  out.add("own-ipc", pod.own_ipc ? 1 : 0);
  out.add("own-uts", pod.own_uts ? 1 : 0);
  out.add("writable", pod.writable ? 1 : 0);
  out.add("writable-bytes", pod.writable_bytes);
  out.add("workdir", pod.workdir);
  out.add("make-workdir", pod.make_workdir ? 1 : 0);
  for (const std::string& entry : pod.env) out.add("env", entry);
  for (const std::string& entry : pod.default_env) out.add("default-env", entry);
  out.add("pin", pod.pin);
  out.add("pin-must", pod.pin_must ? 1 : 0);
  out.add("threads", pod.threads);
  out.add("topology", pod.topology);
  for (const std::string& entry : pod.locales) out.add("locale", entry);
  out.add("shell", pod.shell);
  out.add("privileged", pod.privileged ? 1 : 0);
  for (const Mount& mount : pod.mounts) {
    out.add("mount", kind_name(mount.kind));
    out.add("source", mount.source);
    out.add("target", mount.target);
    out.add("why", mount.why);
    out.add("read-only", mount.read_only ? 1 : 0);
    out.add("no-exec", mount.no_exec ? 1 : 0);
    out.add("propagation", static_cast<std::uint64_t>(mount.propagation));
    out.add("devices", mount.devices ? 1 : 0);
    out.add("if-present", mount.if_present ? 1 : 0);
    out.add("unless-hiding", mount.unless_hiding ? 1 : 0);
    out.add("size", mount.size_bytes);
    out.add("mode", mount.mode);
  }
  for (const FileLine& line : pod.lines) {
    out.add("line", "");
    out.add("path", line.path);
    out.add("text", line.line);
    out.add("key-field", line.key_field);
  }
  out.add("end", "");
  return out.take();
}

PodManifest decode_manifest(std::string_view bytes) {
  const Context doing{"read the pod manifest"};
  if (bytes.size() > kManifestBytes) throw Refused("larger than 1 MiB");
  if (bytes.empty() || bytes.back() != '\0') throw Refused("it is cut short");
  if (!bytes.starts_with(kFirst)) throw Refused("it is of another release of Sabot");
  const std::string_view written = bytes;
  bytes.remove_prefix(kFirst.size() + 1);
  PodManifest pod;
  enum class Group { whole, mount, line } group = Group::whole;
  while (!bytes.empty()) {
    const std::string_view entry = bytes.substr(0, bytes.find('\0'));
    bytes.remove_prefix(entry.size() + 1);
    const std::size_t equals = entry.find('=');
    if (equals == entry.npos) throw Refused("no '=' in '" + printable(entry) + "'");
    const std::string_view name = entry.substr(0, equals);
    const std::string_view value = entry.substr(equals + 1);
    if (name == "end") break;
    if (name == "mount") {
      group = Group::mount;
      pod.mounts.emplace_back().kind = mount_kind(value);
    } else if (name == "line") {
      group = Group::line;
      pod.lines.emplace_back();
    } else if (group == Group::mount) {
      decode_mount(pod.mounts.back(), name, value);
    } else if (group == Group::line) {
      decode_line(pod.lines.back(), name, value);
    } else {
      decode_pod(pod, name, value);
    }
  }
  // Cut between two strings, a name twice or not at all, a number that its field cannot hold: all at once.
  if (encode(pod) != written) throw Refused("it is not as stage0 writes it");
  return pod;
}

}  // namespace sabot
