// SPDX-License-Identifier: Apache-2.0
// explain.cc: see explain.h.
#include "explain.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>

#include "images/directory_image.h"
#include "images/squashfs_file.h"
#include "json_text.h"
#include "pod_builder.h"
#include "stores.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

using Rows =
    std::vector<std::vector<std::string>>;  // of one table; each row has its columns' number of fields

images::LaunchConfig config_of(const PodRequest& request, const SiteConfig& site) {
  const UniqueFd image =
      request.image.starts_with("sha256:")
          ? open_to_read(site, request.store).open_image(request.image)
          : UniqueFd{check(::open(request.image.c_str(), O_RDONLY | O_CLOEXEC), "open", request.image)};
  return is_directory(image.get()) ? images::read_directory_config(image.get())
                                   : images::read_launch_config(image.get());
}

bool is_set(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr && *value != '\0';
}

// In the order in which with_environment() looks.
std::string origin(bool on_command_line, const std::string& suffix) {
  if (on_command_line) return "command line";
  for (const char* prefix : {"SABOT_CONTAINER_", "PYXIS_CONTAINER_"})
    if (is_set(prefix + suffix)) return prefix + suffix;
  const char* whose = std::getenv("SLURM_SABOT_ORIGIN");
  if (whose != nullptr && std::string(whose) == "job" && is_set("SLURM_SABOT_" + suffix)) return "job";
  return "site or default";
}

Rows options_of(const PodOptions& given, const PodRequest& request) {
  const auto yes = [](bool value) { return std::string(value ? "yes" : "no"); };
  return {{"image", request.reference, origin(given.image || given.native_image, "IMAGE")},
          {"mounts", request.mounts, origin(given.mounts.has_value(), "MOUNTS")},
          {"workdir", request.workdir, origin(given.workdir.has_value(), "WORKDIR")},
          {"env", request.env, origin(given.env.has_value(), "ENV")},
          {"unshare", request.unshare, origin(given.unshare.has_value(), "UNSHARE")},
          {"writable", yes(request.writable), origin(given.writable.has_value(), "WRITABLE")},
          {"mount-home", yes(request.mount_home), origin(given.mount_home.has_value(), "MOUNT_HOME")},
          {"remap-root", yes(request.remap_root), origin(given.remap_root.has_value(), "REMAP_ROOT")}};
}

std::string condition(const Mount& mount) {
  if (mount.unless_hiding) return "unless it hides something of the image";
  return mount.if_present ? "if the source is there" : "";
}

Rows mounts_of(const PodManifest& pod) {
  Rows rows;
  for (const Mount& mount : pod.mounts) {
    const char* what = mount.kind == MountKind::tmpfs    ? "tmpfs"
                       : mount.kind == MountKind::umount ? "umount"
                                                         : "bind";
    rows.push_back(
        {what, mount.source, mount.target, mount.read_only ? "ro" : "rw", mount.why, condition(mount)});
  }
  return rows;
}

Rows environment_of(const PodManifest& pod, const images::LaunchConfig& image) {
  Rows rows;
  const auto add = [&](const std::string& entry, const std::string& who) {
    const std::size_t equals = entry.find('=');
    rows.push_back({entry.substr(0, equals), entry.substr(equals + 1), who});
  };
  const auto has = [](const std::vector<std::string>& list, const std::string& entry) {
    return std::find(list.begin(), list.end(), entry) != list.end();
  };
  for (const std::string& entry : pod.env) add(entry, has(image.env, entry) ? "image" : "pod");
  for (const std::string& entry : pod.default_env) {
    const bool job = is_set(entry.substr(0, entry.find('=')));
    add(job ? entry.substr(0, entry.find('=')) + "=" + std::getenv(entry.substr(0, entry.find('=')).c_str())
            : entry,
        job                     ? "job"
        : has(image.env, entry) ? "image, as the job has none"
                                : "account");
  }
  for (const std::string& entry : image.env)
    if (!has(pod.env, entry) && !has(pod.default_env, entry))
      add(entry, "left out: the rank's own or replaced");
  for (const std::string& entry : pod.locales) add(entry, "job, if the image has the locale");
  return rows;
}

std::string json_rows(const Rows& rows, const std::vector<std::string>& names) {
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    JsonObject object;
    for (std::size_t i = 0; i < names.size(); ++i) object.add(names[i], row[i]);
    text += (text.empty() ? "" : ",") + object.text();
  }
  return "[" + text + "]";
}

void print_rows(const char* title, const Rows& rows) {
  std::cout << title << '\n';
  for (const std::vector<std::string>& row : rows) {
    std::cout << ' ';
    for (const std::string& field : row)
      if (!field.empty()) std::cout << ' ' << printable(field);
    std::cout << '\n';
  }
}

}  // namespace

void explain(const PodOptions& given, const PodRequest& request, const SiteConfig& site,
             const std::vector<std::string>& command, bool json) {
  if (request.image.empty()) {
    std::cout << (json ? "{\"image\":null}" : "image: none; ranks run on the host") << '\n';
    return;
  }
  const auto bytes = std::make_unique<char[]>(kMessageBytes);
  MessageWriter message(bytes.get(), kMessageBytes, MessageKind::request);
  write_request(message, request);
  if (message.overflow) throw Refused("the container options and paths are too long");
  const images::LaunchConfig image = config_of(request, site);
  const PodManifest pod = build_manifest(MessageReader{message.buffer, message.used}, site, image);
  const Rows options = options_of(given, request);
  const Rows mounts = mounts_of(pod);
  const Rows environment = environment_of(pod, image);
  JsonObject head;
  head.add("image", request.image);
  head.add("reference", request.reference);
  head.add("store", request.store);
  head.add("uid", pod.inside_uid);
  head.add("gid", pod.inside_gid);
  head.add("privileges", std::string(pod.privileged ? "all, over the pod alone" : "none"));
  head.add("root", std::string(pod.writable ? "writable, goes with the pod" : "read-only"));
  head.add("workdir", pod.workdir.empty() ? "the submit directory where it is bound, else /" : pod.workdir);
  if (!command.empty()) head.add("command", command);
  if (json) {
    head.add_json("options", json_rows(options, {"name", "value", "from"}));
    head.add_json("mounts", json_rows(mounts, {"kind", "source", "target", "access", "why", "condition"}));
    head.add_json("environment", json_rows(environment, {"name", "value", "who"}));
    std::cout << head.text() << '\n';
    return;
  }
  std::cout << head.lines();
  print_rows("options, and where each came from:", options);
  print_rows("mounts, and why:", mounts);
  print_rows("environment, and who wins:", environment);
}

}  // namespace sabot
