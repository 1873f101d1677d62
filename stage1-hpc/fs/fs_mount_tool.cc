// SPDX-License-Identifier: Apache-2.0
// fs_mount_tool.cc: sabot-fs-mount: mount an image and serve it in the foreground, for tests and benchmarks.
// Not here: namespaces; start it with unshare(1), -m as root or -Urm as a user. Not installed.
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mount.h>

#include "fs/fuse_mount.h"
#include "fs/fuse_server.h"
#include "fs/read_ahead.h"
#include "sys/error.h"

namespace {

using namespace sabot;

struct Options {
  std::string image;
  std::string mountpoint;
  std::vector<std::string> directories;
  std::vector<std::pair<std::string, std::string>> files;
  std::string profile;
  std::uint64_t offset = 0;
  bool as_recorded = false;
  unsigned workers = 0;
};

constexpr const char* kUsage =
    "usage: sabot-fs-mount IMAGE MOUNTPOINT [--as-recorded] [--add-dir PATH]... [--add-file PATH=TEXT]... "
    "[--workers N] [--profile FILE] [--offset BYTES]";

Options parse(const std::vector<std::string>& words) {
  Options options;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 >= words.size()) throw UsageError(word + " needs a value");
      return words[++i];
    };
    if (word == "--as-recorded") {
      options.as_recorded = true;
    } else if (word == "--add-dir") {
      options.directories.push_back(value());
    } else if (word == "--add-file") {
      const std::string& both = value();
      const auto equals = both.find('=');
      if (equals == both.npos) throw UsageError("--add-file needs PATH=TEXT");
      options.files.emplace_back(both.substr(0, equals), both.substr(equals + 1));
    } else if (word == "--profile") {
      options.profile = value();
    } else if (word == "--offset") {
      options.offset = std::stoull(value());
    } else if (word == "--workers") {
      options.workers = static_cast<unsigned>(std::stoul(value()));
    } else if (word.starts_with("--")) {
      throw UsageError("unknown option " + word);
    } else {
      names.push_back(word);
    }
  }
  if (names.size() != 2) throw UsageError(kUsage);
  options.image = names[0];
  options.mountpoint = names[1];
  return options;
}

ImageTree build_tree(const Options& options) {
  UniqueFd image{check(::open(options.image.c_str(), O_RDONLY | O_CLOEXEC), "open", options.image)};
  ImageTree tree(open_squashfs(std::move(image), {.offset = options.offset}));
  for (const std::string& path : options.directories) tree.add_directory(path);
  for (const auto& [path, text] : options.files) tree.add_file(path, text);
  return tree;
}

UniqueFd open_profile(const std::string& file) {
  if (file.empty()) return {};
  return UniqueFd{check(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open", file)};
}

void attach(UniqueFd mount, const std::string& where) {
  check(::move_mount(mount.get(), "", AT_FDCWD, where.c_str(), MOVE_MOUNT_F_EMPTY_PATH), "move_mount", where);
}

// SIGTERM and SIGINT unmount, so that serve() ends as in a pod: because the mount is gone.
void unmount_on_signal(const sigset_t& ending, const std::string& mountpoint) {
  std::thread([ending, mountpoint] {
    int signal = 0;
    while (sigwait(&ending, &signal) == 0) ::umount2(mountpoint.c_str(), MNT_DETACH);
  }).detach();
}

int run(const Options& options) {
  Context doing("mount " + options.image);
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);  // before any thread
  ImageTree tree = build_tree(options);
  UniqueFd device = open_fuse_device();
  UniqueFd mount = make_fuse_mount(device.get(), ::getuid(), ::getgid());
  const Ownership owner{options.as_recorded, ::getuid(), ::getgid()};
  FuseServer server(std::move(device), std::move(tree), owner, options.workers);
  attach(std::move(mount), options.mountpoint);
  unmount_on_signal(ending, options.mountpoint);
  const ReadAhead ahead(server.tree().image(), open_profile(options.profile));
  server.serve();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse({argv + 1, argv + argc}));
  } catch (const UsageError& e) {
    std::cerr << "sabot-fs-mount: " << e.what() << '\n';
    return kExitUsage;
  } catch (const std::exception& e) {
    std::cerr << "sabot-fs-mount: " << e.what() << '\n';
    return kExitRuntime;
  }
}
