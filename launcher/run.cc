// SPDX-License-Identifier: Apache-2.0
// run.cc: `sabot run`: become the only rank of a pod, the same way as a task child of slurmstepd does.
// An image that is a directory needs no keeper: then this process makes the pod around itself.
// Not here: building the pod; stage0 and stage1 do that as they do under Slurm.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>

#include "commands.h"
#include "credential_helper.h"
#include "explain.h"
#include "hand_over.h"
#include "images/directory_image.h"
#include "images/squashfs_file.h"
#include "importer.h"
#include "pod_builder.h"
#include "programs.h"
#include "protocol.h"
#include "rank_entry.h"
#include "seat.h"
#include "stores.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

constexpr int kTimeoutMs = 60'000;

UniqueFd open_image(const PodRequest& request, const SiteConfig& site) {
  if (request.image.starts_with("sha256:"))
    return open_to_read(site, request.store).open_image(request.image);
  return UniqueFd{check(::open(request.image.c_str(), O_RDONLY | O_CLOEXEC), "open", request.image)};
}

// Entrypoint and Cmd, as docker run; a command that is given replaces both, as srun's does.
std::vector<std::string> images_own_command(int image) {
  images::LaunchConfig config =
      is_directory(image) ? images::read_directory_config(image) : images::read_launch_config(image);
  std::vector<std::string> command = config.entrypoint;
  command.insert(command.end(), config.cmd.begin(), config.cmd.end());
  if (command.empty()) throw UsageError("the image names no command; write one: sabot run IMAGE -- COMMAND");
  return command;
}

constexpr RankEnvironment kOwnEnvironment = {
    [](void*, const char* name) -> const char* {
      const char* value = std::getenv(name);
      return value != nullptr ? value : "";
    },
    [](void*, const char* name, const char* value) { return ::setenv(name, value, 1) == 0; }, nullptr};
void unset_variables(MessageReader reply) {
  while (const char* entry = reply.next(name::kUnset)) {
    const std::string text = entry;
    const std::string name = text.substr(0, text.find('='));
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && text == name + "=" + value) ::unsetenv(name.c_str());
  }
}

void apply_environment(MessageReader reply, const char* which, bool overwrite) {
  while (const char* entry = reply.next(which)) {
    const std::string text = entry;
    const std::size_t equals = text.find('=');
    if (equals != text.npos)
      ::setenv(text.substr(0, equals).c_str(), text.c_str() + equals + 1, overwrite ? 1 : 0);
  }
}

[[noreturn]] void exec_command(const std::vector<std::string>& command) {
  std::vector<char*> argv = argv_of(command);
  ::execvp(argv[0], argv.data());
  const int err = errno;
  std::fprintf(stderr, "sabot: error: %s in the image: %s\n", printable(command[0]).c_str(),
               std::strerror(err));
  ::_exit(err == ENOENT || err == ENOTDIR ? kExitNotFound : kExitNotExecutable);
}

// A directory needs no keeper, and so no second process: this one becomes the pod and then the command.
// Returns where there is something that only a keeper can do, as placing its ranks.
void become_pod_of_directory(const MessageWriter& message, const SiteConfig& site, int directory,
                             std::vector<std::string> command) {
  const MessageReader request{message.buffer, message.used};
  const PodManifest pod = build_manifest(request, site, images::read_directory_config(directory));
  if (!pod.pin.empty()) return;
  const UniqueFd manifest = filled_pipe(encode(pod));
  place(manifest.get(), manifest.get());
  place(directory, directory);
  const std::string program = libexec_program("sabot-stage1-dir");
  command.insert(command.begin(),
                 {"sabot-stage1-dir", std::to_string(manifest.get()), std::to_string(directory)});
  ::execv(program.c_str(), argv_of(command).data());
  throw Error(errno, "start " + program);
}

}  // namespace

static void add_settings(MessageWriter& message) {
  for (const char* name : name::kLocaleVariables)
    if (const char* value = std::getenv(name))
      message.add(name::kLocale, (std::string(name) + "=" + value).c_str());
  if (const char* shell = std::getenv("SHELL")) message.add(name::kShell, shell);
}

void write_request(MessageWriter& message, const PodRequest& request) {
  message.add(name::kPod, ("run." + std::to_string(::getpid())).c_str());
  message.add(name::kLocalRanks, "1");
  message.add(name::kImage, request.image.c_str());
  message.add(name::kStore, request.store.c_str());
  message.add(name::kMounts, request.mounts.c_str());
  message.add(name::kWorkdir, request.workdir.c_str());
  message.add(name::kWritable, request.writable ? "1" : "0");
  message.add(name::kMountHome, request.mount_home ? "1" : "0");
  message.add(name::kRemapRoot, request.remap_root ? "1" : "0");
  message.add(name::kUnshare, request.unshare.c_str());
  message.add(name::kKeepEnv, request.env.c_str());
  message.add(name::kPin, request.pin.c_str());
  add_seat_wishes(kOwnEnvironment, &message);
  add_settings(message);
  message.add(name::kSubmitDir, std::filesystem::current_path().c_str());
}

int run_command(const GlobalOptions& global, const RunOptions& options) {
  const SiteConfig site = read_site_config(global.config_file);
  const PodRequest request =
      resolve(with_environment(options.pod), site, importer_for_launch(global.config_file));
  const UniqueFd image = open_image(request, site);
  const std::vector<std::string> command =
      options.command.empty() ? images_own_command(image.get()) : options.command;
  if (options.explain) {
    explain(options.pod, request, site, command, global.json);
    std::cout.flush();
    return std::cout ? 0 : kExitRuntime;
  }
  const auto request_bytes = std::make_unique<char[]>(kMessageBytes);
  const auto reply_bytes = std::make_unique<char[]>(kMessageBytes);
  MessageWriter message(request_bytes.get(), kMessageBytes, MessageKind::request);
  write_request(message, request);
  forget_registry_secrets();
  if (message.overflow) throw Refused("the container options and paths are longer than 128 KiB");
  if (is_directory(image.get())) become_pod_of_directory(message, site, image.get(), command);
  const std::string stage0 = own_program();
  const EntryPlan plan{stage0.c_str(), global.config_file.c_str(), kTimeoutMs};
  Rendezvous place = kNoRendezvous;
  check(open_rendezvous(&place) ? 0 : -1, "socketpair");
  MessageReader reply{};
  int ns_fds[kNamespaceFds];
  FailureText why{};
  if (!ask_for_pod(plan, &place, message, reply_bytes.get(), &reply, ns_fds, &why))
    throw std::runtime_error(why.text);
  const bool privileged = std::strcmp(reply.first(name::kPrivileged, "0"), "1") == 0;
  if (!enter_pod(ns_fds, reply.first(name::kWorkdirReply, "/"), privileged, &why))
    throw std::runtime_error(why.text);
  unset_variables(reply);
  apply_environment(reply, name::kEnv, true);
  apply_environment(reply, name::kDefaultEnv, false);
  if (!take_seat(kOwnEnvironment, reply, &why)) throw std::runtime_error(why.text);
  exec_command(command);
}

}  // namespace sabot
