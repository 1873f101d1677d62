// SPDX-License-Identifier: Apache-2.0
// mounts.h: the mount calls that a pod is made of, each through descriptors: open_tree, fsmount, move_mount.
// Not here: which mounts, and in which order (builder.cc, the manifest); the image's own mount (fs/).
// All of it runs in the builder, in a mount namespace of its own: what fails half way goes with the process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "manifest.h"
#include "sys/unique_fd.h"

namespace sabot {

/// A new mount namespace whose mounts follow the host's but are never seen there. Descriptors opened
/// before belong to the old one and cannot be mounted on any more.
void enter_mount_namespace();

/// What `mount` says, attached nowhere: a copy of the mounts below its source, or a new file system. Always
/// nosuid; nodev unless `mount.devices`. Not for MountKind::umount.
UniqueFd make_mount(const Mount& mount);

/// An empty tmpfs, attached nowhere; nosuid and nodev. `size_bytes` 0: the kernel's default.
UniqueFd make_tmpfs(std::uint64_t size_bytes, unsigned mode);

/// Make it read-only, after it was filled.
void make_read_only(int mount);

/// A read-only copy of the mount at the file `name` of `dir`, which is attached in this namespace; attached
/// nowhere.
UniqueFd make_bind_of(int dir, const std::string& name);

/// An overlay, attached nowhere, of directories that are attached in this namespace, the uppermost first.
/// Without an upper directory (-1) it is read-only and takes two layers or more.
/// Source: Documentation/filesystems/overlayfs.rst, "userxattr" for mounts in a user namespace.
UniqueFd make_overlay(const std::vector<int>& lower_dirs, int upper_dir, int work_dir);

/// The same with a new tmpfs of `size_bytes` on top, which is attached at `top` in the directory `scratch`.
UniqueFd make_writable_overlay(const std::vector<int>& lower_dirs, std::uint64_t size_bytes, int scratch);

/// Attach `mount` on the directory or file that `target` refers to.
void attach(int mount, int target);

/// Make `root` the root of this mount namespace and let go of the old one. `root` is in a mount that was
/// attached upon the old root, which goes as well. Throws Refused if anything else is left on top of it.
/// Source: pivot_root(2), NOTES; "/.." follows mounts upon the root, "/" does not.
void pivot_into(int root);

}  // namespace sabot
