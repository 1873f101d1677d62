// SPDX-License-Identifier: Apache-2.0
// pod_builder.cc: see pod_builder.h.
#include "pod_builder.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "mount_option.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

// A rank's own, whatever the image says. The GPU names are what Slurm's gres plugins and the vendors'
// runtimes read.
constexpr std::string_view kRankPrefixes[] = {"SLURM", "PMI_", "PMI2_", "PMIX", "SPANK_"};
constexpr std::string_view kRankNames[] = {"CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES",
                                           "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
                                           "GPU_DEVICE_ORDINAL",   "ZE_AFFINITY_MASK"};

bool is_ranks_own(std::string_view entry) {
  const std::string_view name = entry.substr(0, entry.find('='));
  return std::any_of(std::begin(kRankPrefixes), std::end(kRankPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); }) ||
         std::find(std::begin(kRankNames), std::end(kRankNames), name) != std::end(kRankNames);
}

Mount bind_same(const std::string& path, const char* why) {
  return {.source = path, .target = path, .why = why};
}

Mount bind_file(const std::string& path) {
  Mount mount = bind_same(path, "default");
  mount.read_only = true;
  mount.if_present = true;
  return mount;
}

// Colons and newlines would make two fields or lines of one.
std::string account_field(const char* text) {
  std::string field = text != nullptr ? text : "";
  std::erase_if(field, [](char c) { return c == ':' || c == '\n'; });
  return field;
}

// The caller under the id that it has inside; a name service need not be reachable from the image.
std::vector<FileLine> account_lines(uid_t inside_uid, gid_t inside_gid) {
  const passwd* user = ::getpwuid(::geteuid());
  const group* own_group = ::getgrgid(::getegid());
  const std::string uid = std::to_string(inside_uid);
  const std::string gid = std::to_string(inside_gid);
  const std::string name = user != nullptr ? account_field(user->pw_name) : "user" + uid;
  const std::string home = user != nullptr ? account_field(user->pw_dir) : "/";
  const std::string shell = user != nullptr ? account_field(user->pw_shell) : "/bin/sh";
  const std::string gecos = user != nullptr ? account_field(user->pw_gecos) : "";
  const std::string group_name = own_group != nullptr ? account_field(own_group->gr_name) : "group" + gid;
  return {{"/etc/passwd", name + ":x:" + uid + ":" + gid + ":" + gecos + ":" + home + ":" + shell, 2},
          {"/etc/group", group_name + ":x:" + gid + ":", 2}};
}

std::vector<std::string> all_of(const MessageReader& request, const char* name) {
  std::vector<std::string> values;
  MessageReader reader{request.buffer, request.bytes};
  while (const char* value = reader.next(name)) values.emplace_back(value);
  return values;
}

// Who forged a request gets no terminal escape into a message.
std::string without_controls(const std::string& text, const char* name) {
  if (has_control_characters(text))
    throw Refused(std::string(name) + " '" + printable(text) + "': control characters are not accepted");
  return text;
}

std::string absolute(const std::string& path, const char* name) {
  if (path.empty() || path.front() != '/')
    throw Refused(std::string(name) + " '" + printable(path) + "' is no absolute path");
  return normal_path(without_controls(path, name), "/");
}

std::string absolute_or_empty(const MessageReader& request, const char* name) {
  const std::string path = request.first(name, "");
  return path.empty() ? path : absolute(path, name);
}

std::vector<std::string> all_absolute(const MessageReader& request, const char* name) {
  std::vector<std::string> paths = all_of(request, name);
  for (std::string& path : paths) path = absolute(path, name);
  return paths;
}

unsigned local_ranks(const MessageReader& request) {
  const std::string_view text = request.first(name::kLocalRanks, "1");
  unsigned count = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (err != std::errc{} || end != text.data() + text.size() || count < 1 || count > 65536)
    throw Refused("a step of '" + printable(text) + "' local ranks");
  return count;
}

// What Slurm starts once the rank is in its pod, wherever it lies.
std::vector<std::string> programs_of_slurm(const MessageReader& request, const SiteConfig& site) {
  std::vector<std::string> programs = all_absolute(request, name::kScript);
  if (!site.task_prolog.empty()) programs.push_back(absolute(site.task_prolog, "TaskProlog"));
  return programs;
}

bool is_set(const MessageReader& request, const char* name) {
  return std::string_view(request.first(name, "0")) == "1";
}

// Names in `keep` (NAME,...) have the job's value where it has one.
void divide_environment(PodManifest& pod, std::vector<std::string> env, std::string_view keep) {
  const std::string list = "," + std::string(keep) + ",";
  for (std::string& entry : env) {
    const bool kept = list.find("," + entry.substr(0, entry.find('=')) + ",") != list.npos;
    (kept ? pod.default_env : pod.env).push_back(std::move(entry));
  }
}

// The caller's locales and shell, which stage1 compares with the image; what the image or --container-env
// decides is decided.
void take_settings(PodManifest& pod, const MessageReader& request, std::string_view keep) {
  const std::string list = "," + std::string(keep) + ",";
  for (const std::string& entry : all_of(request, name::kLocale))
    if (list.find("," + entry.substr(0, entry.find('=')) + ",") == list.npos && printable(entry) == entry)
      pod.locales.push_back(entry);
  if (list.find(",SHELL,") != list.npos) return;
  const passwd* user = ::getpwuid(::geteuid());
  const std::string own = request.first(name::kShell, "");
  pod.shell = own.starts_with('/') && printable(own) == own ? own
              : user != nullptr                             ? account_field(user->pw_shell)
                                                            : "";
}

// Who the caller is, where nobody says it, as with --export=NONE.
void add_account(std::vector<std::string>& env) {
  const passwd* user = ::getpwuid(::geteuid());
  if (user == nullptr) return;
  env.push_back("HOME=" + account_field(user->pw_dir));
  env.push_back("USER=" + account_field(user->pw_name));
  env.push_back("LOGNAME=" + account_field(user->pw_name));
}

// Of entries of one name the last counts.
void keep_last_of_each(std::vector<std::string>& env) {
  std::vector<std::string> kept;
  for (std::string& entry : env) {
    const std::string name = entry.substr(0, entry.find('=') + 1);
    std::erase_if(kept, [&](const std::string& earlier) { return earlier.starts_with(name); });
    kept.push_back(std::move(entry));
  }
  env = std::move(kept);
}

Mount home_mount(bool root_inside) {
  const passwd* user = ::getpwuid(::geteuid());
  if (user == nullptr || user->pw_dir == nullptr || user->pw_dir[0] != '/')
    throw Refused("--container-mount-home: this node knows no home directory of yours");
  const std::string home = normal_path(user->pw_dir, "/");
  return {.source = home, .target = root_inside ? "/root" : home, .why = "--container-mount-home"};
}

// Nobody asks hwloc where the answer is known: ranks that Slurm bound one by one, or a rank alone, stay where
// they are, and a GPU alone has no order. That Slurm bound nobody may be the site's doing or --cpu-bind=none:
// a step cannot tell.
void choose_pin(PodManifest& pod, const MessageReader& request, const SiteConfig& site) {
  const std::string pin = request.first(name::kPin, "auto");
  if (pin == "none") return;
  const std::string_view bound = request.first(name::kCpuBind, "");
  const std::string_view gpus = request.first(name::kGpus, "");
  const bool several_gpus = gpus.find(',') != gpus.npos;
  const bool placed = pod.local_ranks == 1 || bound.starts_with("mask_") || bound.starts_with("map_") ||
                      bound.starts_with("rank");
  if (pin == "auto" && placed && !several_gpus) return;
  pod.pin = pin;
  pod.pin_must = pin != "auto";
  const std::string_view threads = request.first(name::kThreads, "1");
  std::from_chars(threads.data(), threads.data() + threads.size(), pod.threads);
  pod.topology = site.topology;
}

void choose_workdir(PodManifest& pod, const MessageReader& request, const images::LaunchConfig& image) {
  pod.workdir = absolute_or_empty(request, name::kWorkdir);
  if (!pod.workdir.empty() || image.working_dir.empty()) return;
  pod.workdir = normal_path(image.working_dir, "/");
  pod.make_workdir = true;
}

}  // namespace

std::vector<std::string> image_environment(const std::vector<std::string>& image_env) {
  // An image that names no PATH has its programs in the usual places, not where the host's modules are.
  static constexpr char kDefaultPath[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  std::vector<std::string> env;
  if (std::none_of(image_env.begin(), image_env.end(),
                   [](const std::string& e) { return e.starts_with("PATH="); }))
    env.emplace_back(kDefaultPath);
  std::copy_if(image_env.begin(), image_env.end(), std::back_inserter(env),
               [](const std::string& entry) { return !is_ranks_own(entry); });
  return env;
}

std::vector<Mount> default_mounts(const SiteConfig& site, const std::string& submit_dir,
                                  const std::vector<std::string>& pmi_dirs,
                                  const std::vector<std::string>& scripts, bool own_ipc) {
  std::vector<Mount> mounts;
  mounts.push_back(bind_same("/proc", "default"));
  mounts.push_back(bind_same("/sys", "default"));
  mounts.back().read_only = true;
  mounts.push_back(bind_same("/dev", "default"));  // with dev/shm: ranks of a step share memory there
  mounts.back().devices = true;
  if (own_ipc) {
    mounts.push_back(
        {.kind = MountKind::tmpfs, .source = {}, .target = "/dev/shm", .why = "default", .mode = 01777});
    mounts.push_back(
        {.kind = MountKind::mqueue, .source = "/dev/mqueue", .target = "/dev/mqueue", .why = "default"});
    mounts.back().if_present = true;
  }
  mounts.push_back({.kind = MountKind::tmpfs,
                    .source = {},
                    .target = "/tmp",
                    .why = "default",
                    .size_bytes = site.tmp_bytes,
                    .mode = 01777});
  mounts.push_back(bind_file("/etc/resolv.conf"));
  mounts.push_back(bind_file("/etc/hosts"));
  for (const std::string& dir : pmi_dirs) {
    mounts.push_back(bind_same(normal_path(dir, "/"), "default"));
    mounts.back().if_present = true;  // which of them there are differs between releases of Slurm
  }
  if (!submit_dir.empty() && submit_dir != "/") {
    mounts.push_back(bind_same(submit_dir, "default"));
    mounts.back().unless_hiding = true;
  }
  for (const std::string& script : scripts) mounts.push_back(bind_file(script));
  std::erase_if(mounts, [&](const Mount& mount) {
    return std::find(site.without_mounts.begin(), site.without_mounts.end(), mount.target) !=
           site.without_mounts.end();
  });
  return mounts;
}

PodManifest build_manifest(const MessageReader& request, const SiteConfig& site,
                           const images::LaunchConfig& image) {
  PodManifest pod;
  pod.pod = without_controls(request.first(name::kPod, ""), name::kPod);
  const bool root_inside = is_set(request, name::kRemapRoot);
  pod.inside_uid = root_inside ? 0 : ::geteuid();
  pod.inside_gid = root_inside ? 0 : ::getegid();
  pod.privileged = root_inside;
  pod.local_ranks = local_ranks(request);
  const std::string unshare = "," + std::string(request.first(name::kUnshare, "")) + ",";
  pod.own_net = unshare.find(",net,") != unshare.npos;
  pod.own_ipc = unshare.find(",ipc,") != unshare.npos;
  pod.own_uts = unshare.find(",uts,") != unshare.npos;
  pod.writable = is_set(request, name::kWritable);
  pod.writable_bytes = site.writable_bytes;
  divide_environment(pod, image_environment(image.env), request.first(name::kKeepEnv, ""));
  add_account(pod.default_env);
  take_settings(pod, request, request.first(name::kKeepEnv, ""));
  if (root_inside) pod.env.insert(pod.env.end(), {"HOME=/root", "USER=root", "LOGNAME=root"});
  pod.lines = account_lines(pod.inside_uid, pod.inside_gid);
  choose_workdir(pod, request, image);
  pod.mounts =
      default_mounts(site, absolute_or_empty(request, name::kSubmitDir), all_absolute(request, name::kPmiDir),
                     programs_of_slurm(request, site), pod.own_ipc);
  pod.mounts.insert(pod.mounts.end(), site.mounts.begin(), site.mounts.end());
  if (is_set(request, name::kMountHome)) {
    pod.mounts.push_back(home_mount(root_inside));
    divide_environment(pod, {"HOME=" + pod.mounts.back().target}, request.first(name::kKeepEnv, ""));
  }
  choose_pin(pod, request, site);
  const std::string wanted = request.first(name::kMounts, "");
  if (!wanted.empty())
    for (Mount& mount : parse_mounts(wanted, "/", "--container-mounts"))
      pod.mounts.push_back(std::move(mount));
  keep_last_of_each(pod.env);
  return pod;
}

}  // namespace sabot
