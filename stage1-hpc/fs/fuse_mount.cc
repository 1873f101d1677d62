// SPDX-License-Identifier: Apache-2.0
// fuse_mount.cc: the FUSE device, and a superblock over it made with the new mount calls.
// Not here: serving (fuse_server.cc), attaching.
// Source: fsopen(2), fsconfig(2), fsmount(2) (kernel 5.2); fuse_fs_parameters in the kernel's
// fs/fuse/inode.c.
#include "fs/fuse_mount.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <string>

#include "sys/error.h"

namespace sabot {
namespace {

void set(int context, const char* key, const std::string& value) {
  check(::fsconfig(context, FSCONFIG_SET_STRING, key, value.c_str(), 0), "fsconfig", key + ("=" + value));
}

void set_flag(int context, const char* key) {
  check(::fsconfig(context, FSCONFIG_SET_FLAG, key, nullptr, 0), "fsconfig", key);
}

}  // namespace

UniqueFd open_fuse_device() {
  UniqueFd device{::open("/dev/fuse", O_RDWR | O_CLOEXEC)};
  if (device.valid()) return device;
  const int err = errno;
  const bool closed = err == EACCES || err == EPERM;
  throw Error(err, closed ? "open '/dev/fuse' (the site has to make it mode 0666)"
                          : "open '/dev/fuse' (the site has to load the module 'fuse')");
}

UniqueFd make_fuse_mount(int fuse_device, uid_t uid, gid_t gid) {
  UniqueFd context{check(::fsopen("fuse", FSOPEN_CLOEXEC), "fsopen", "fuse")};
  set(context.get(), "source", "sabot");
  set(context.get(), "subtype", "sabot");
  set(context.get(), "fd", std::to_string(fuse_device));  // as text: the kernels' common denominator
  set(context.get(), "rootmode", "40000");
  set(context.get(), "user_id", std::to_string(uid));
  set(context.get(), "group_id", std::to_string(gid));
  set_flag(context.get(), "default_permissions");  // the kernel checks modes; the server is not asked
  set_flag(context.get(), "allow_other");          // ranks may run as another id of the pod's user namespace
  set_flag(context.get(), "ro");
  check(::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), "fsconfig",
        "create fuse superblock");
  const unsigned attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  return UniqueFd{check(::fsmount(context.get(), FSMOUNT_CLOEXEC, attributes), "fsmount", "fuse")};
}

}  // namespace sabot
