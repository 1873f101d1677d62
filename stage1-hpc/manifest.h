// SPDX-License-Identifier: Apache-2.0
// manifest.h: the pod manifest, all that stage1 knows of a pod. Stage0 writes it after merging options, site
// configuration and the image's own configuration; stage1 decides nothing any more.
// A plain list of strings, because the process that holds the pod's privileges must not parse JSON.
// Not here: the image itself and the sockets, which travel as descriptors (stage0_abi.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sabot {

/// The largest manifest that is written or read.
inline constexpr std::size_t kManifestBytes = 1024 * 1024;

/// `mqueue`: the POSIX message queues of the pod's own IPC namespace, which must have one.
/// `umount` is none: it takes away the last mount before it at its target, and what lies upon that.
enum class MountKind : std::uint8_t { bind, tmpfs, mqueue, umount };

/// What a mount that the host makes below the source later means for the pod.
enum class Propagation : std::uint8_t {
  slave,         ///< it appears there, too
  private_top,   ///< not what is mounted upon the source itself
  private_tree,  ///< nothing
};

/// One mount of the pod, made in the order of the manifest. `target` is absolute inside the image and is
/// resolved there: a symlink in the image cannot lead out.
struct Mount {
  MountKind kind = MountKind::bind;
  std::string source;  ///< host path; empty for tmpfs
  std::string target;
  std::string why;  ///< who asked for it, for messages: "--container-mounts", "default", "site"
  bool read_only = false;
  bool no_exec = false;
  Propagation propagation = Propagation::slave;
  bool devices = false;        ///< device nodes work below it; true for /dev alone
  bool if_present = false;     ///< a missing source is no mistake; the mount is left out
  bool unless_hiding = false;  ///< left out where it would hide something of the image (the submit directory)
  std::uint64_t size_bytes = 0;  ///< tmpfs: 0 is the kernel's default, half of memory
  unsigned mode = 0755;          ///< tmpfs: of its root

  bool operator==(const Mount&) const = default;
};

/// A line that a file of the image must have, if it has none with the same key (its field `key_field`,
/// counted from 0, between colons): the caller's line in /etc/passwd and /etc/group.
struct FileLine {
  std::string path;
  std::string line;
  unsigned key_field = 0;

  bool operator==(const FileLine&) const = default;
};

struct PodManifest {
  std::string pod;       ///< its name: JOB.STEP, or run.PID
  uid_t inside_uid = 0;  ///< what the caller's uid is called inside
  gid_t inside_gid = 0;
  std::uint64_t image_offset = 0;    ///< where the squashfs starts in kStage1ImageFd: 0, but in a SIF
  std::uint64_t image_bytes = 0;     ///< how far it may reach; 0: to the end of the file
  unsigned local_ranks = 1;          ///< ranks that will ask on this node
  bool own_net = false;              ///< a network namespace with its loopback alone
  bool own_ipc = false;              ///< System V IPC and POSIX message queues of its own
  bool own_uts = false;              ///< a host name of its own
  bool writable = false;             ///< an overlay with a tmpfs on top
  std::uint64_t writable_bytes = 0;  ///< its size limit; 0 is the kernel's default
  std::string workdir;        ///< where ranks start; empty: the first mount that is `unless_hiding`, else /
  bool make_workdir = false;  ///< the image names it and may lack it: Docker makes it then, so do we
  std::vector<std::string> env;          ///< NAME=VALUE that every rank gets
  std::vector<std::string> default_env;  ///< likewise, where it has none of that name
  std::vector<std::string> locales;      ///< NAME=VALUE that ranks have; unset where the image lacks it
  std::string shell;                     ///< the caller's; /bin/sh where the image lacks it; empty: not known
  std::string pin;          ///< what the ranks are to be placed by; empty: they stay where they are
  bool pin_must = false;    ///< somebody asked for it: no pod rather than one that is not placed so
  unsigned threads = 1;     ///< of each rank
  std::string topology;     ///< hwloc's XML to believe rather than the machine; may be empty
  bool privileged = false;  ///< ranks keep their capabilities over the pod\'s own namespaces
  std::vector<Mount> mounts;
  std::vector<FileLine> lines;

  bool operator==(const PodManifest&) const = default;
};

/// Bytes for kStage1ManifestFd. Throws Refused when a string has a NUL or the whole exceeds kManifestBytes.
std::string encode(const PodManifest& pod);

/// The inverse. Throws Refused for anything that encode() does not write.
PodManifest decode_manifest(std::string_view bytes);

}  // namespace sabot
