// SPDX-License-Identifier: Apache-2.0
// mounts.cc: see mounts.h.
#include "mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

// A file system being configured. What the kernel has to say about a refusal is read from the same
// descriptor.
class FsContext {
 public:
  explicit FsContext(const char* type) : type_(type) {
    fd_ = UniqueFd{static_cast<int>(check(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), "fsopen", type))};
  }
  void set(const char* key, const std::string& value) { configure(FSCONFIG_SET_STRING, key, value.c_str()); }
  void set_flag(const char* key) { configure(FSCONFIG_SET_FLAG, key, nullptr); }
  UniqueFd mount(unsigned attributes) {
    configure(FSCONFIG_CMD_CREATE, nullptr, nullptr);
    return UniqueFd{static_cast<int>(
        check(::syscall(SYS_fsmount, fd_.get(), FSMOUNT_CLOEXEC, attributes), "fsmount", type_))};
  }

 private:
  void configure(unsigned command, const char* key, const char* value) {
    if (::syscall(SYS_fsconfig, fd_.get(), command, key, value, 0) == 0) return;
    const int err = errno;
    throw Error(err, std::string("mount ") + type_ + (key != nullptr ? std::string(": option ") + key : "") +
                         kernel_says());
  }
  std::string kernel_says() const {
    char text[512];
    const ssize_t got = ::read(fd_.get(), text, sizeof text);
    return got > 0 ? " (" + printable({text, static_cast<std::size_t>(got)}) + ")" : "";
  }
  const char* type_;
  UniqueFd fd_;
};

UniqueFd clone_tree(const std::string& source) {
  // Recursive without a choice: what the host mounted below is locked to it in our user namespace.
  const unsigned how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
  return UniqueFd{
      static_cast<int>(check(::syscall(SYS_open_tree, AT_FDCWD, source.c_str(), how), "open_tree", source))};
}

void set_attributes(int mount, const mount_attr& wanted, unsigned recursive, const std::string& source) {
  check(::syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | recursive, &wanted, sizeof wanted),
        "mount_setattr", source);
}

UniqueFd make_file_system(const Mount& mount) {
  if (mount.kind == MountKind::tmpfs) return make_tmpfs(mount.size_bytes, mount.mode);
  if (mount.kind == MountKind::mqueue) return FsContext{"mqueue"}.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  return clone_tree(mount.source);
}

std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace

void enter_mount_namespace() {
  check(::unshare(CLONE_NEWNS), "unshare", "mount namespace");
  // Slaves, not private: a home that the automounter mounts later still appears below a bind of /home.
  check(::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr), "mount", "/ as slave");
}

UniqueFd make_mount(const Mount& mount) {
  UniqueFd made = make_file_system(mount);
  mount_attr wanted{};
  wanted.attr_set = MOUNT_ATTR_NOSUID;
  if (mount.read_only) wanted.attr_set |= MOUNT_ATTR_RDONLY;
  if (mount.no_exec) wanted.attr_set |= MOUNT_ATTR_NOEXEC;
  if (!mount.devices) wanted.attr_set |= MOUNT_ATTR_NODEV;
  if (mount.propagation == Propagation::private_tree) wanted.propagation = MS_PRIVATE;
  set_attributes(made.get(), wanted, AT_RECURSIVE, mount.source);
  if (mount.propagation != Propagation::private_top) return made;
  mount_attr top{};
  top.propagation = MS_PRIVATE;
  set_attributes(made.get(), top, 0, mount.source);
  return made;
}

UniqueFd make_tmpfs(std::uint64_t size_bytes, unsigned mode) {
  FsContext tmpfs{"tmpfs"};
  char octal[8];
  ::snprintf(octal, sizeof octal, "%04o", mode & 07777);
  tmpfs.set("mode", octal);
  if (size_bytes != 0) tmpfs.set("size", std::to_string(size_bytes));
  return tmpfs.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

void make_read_only(int mount) {
  mount_attr wanted{};
  wanted.attr_set = MOUNT_ATTR_RDONLY;
  set_attributes(mount, wanted, 0, "a tmpfs");
}

UniqueFd make_bind_of(int dir, const std::string& name) {
  const unsigned how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
  UniqueFd bind{static_cast<int>(check(::syscall(SYS_open_tree, dir, name.c_str(), how), "open_tree", name))};
  make_read_only(bind.get());
  return bind;
}

UniqueFd make_overlay(const std::vector<int>& lower_dirs, int upper_dir, int work_dir) {
  FsContext overlay{"overlay"};
  std::string lower;
  for (const int dir : lower_dirs) lower += (lower.empty() ? "" : ":") + proc_path(dir);
  overlay.set("lowerdir", lower);
  if (upper_dir >= 0) overlay.set("upperdir", proc_path(upper_dir));
  if (upper_dir >= 0) overlay.set("workdir", proc_path(work_dir));
  overlay.set_flag("userxattr");
  const unsigned read_only = upper_dir >= 0 ? 0 : MOUNT_ATTR_RDONLY;
  return overlay.mount(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | read_only);
}

UniqueFd make_writable_overlay(const std::vector<int>& lower_dirs, std::uint64_t size_bytes, int scratch) {
  const UniqueFd tmpfs = make_tmpfs(size_bytes, 0755);
  check(::mkdirat(scratch, "top", 0755), "mkdir", "top");
  const auto open_directory = [](int dir, const char* name) {
    return UniqueFd{check(::openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC), "open", name)};
  };
  attach(tmpfs.get(), open_directory(scratch, "top").get());
  for (const char* name : {"upper", "work"}) check(::mkdirat(tmpfs.get(), name, 0755), "mkdir", name);
  const UniqueFd upper = open_directory(tmpfs.get(), "upper");
  const UniqueFd work = open_directory(tmpfs.get(), "work");
  return make_overlay(lower_dirs, upper.get(), work.get());
}

void attach(int mount, int target) {
  const unsigned by_fd = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  check(::syscall(SYS_move_mount, mount, "", target, "", by_fd), "move_mount");
}

void pivot_into(int root) {
  const Context doing{"make the image the root"};
  check(::fchdir(root), "fchdir");
  check(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  // Now the old root lies on top of the new one, and on top of it what was attached to it last.
  check(::umount2(".", MNT_DETACH), "umount", "what the pod was built on");
  check(::umount2(".", MNT_DETACH), "umount", "old root");
  check(::chdir("/"), "chdir", "/");
  // Whoever enters this namespace gets what lies topmost. If that were the host, ranks would run on it.
  struct stat wanted {};
  struct stat topmost {};
  const UniqueFd top{check(::open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC), "open", "/..")};
  check(::fstat(root, &wanted), "fstat", "image");
  check(::fstat(top.get(), &topmost), "fstat", "root");
  if (wanted.st_dev != topmost.st_dev || wanted.st_ino != topmost.st_ino)
    throw Refused("the host's root is still in sight");
}

}  // namespace sabot
