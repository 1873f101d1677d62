// SPDX-License-Identifier: Apache-2.0
// protocol.h: what a rank, stage0 and the keeper say to each other. C layout and libc alone, because
// slurmstepd loads the code that includes it. Not here: where they meet (rendezvous.h), how a pod is
// described to stage1 (manifest.h).
//
// Every message is one SOCK_SEQPACKET packet: a Header, then `payload_bytes` of NUL-terminated strings of the
// form name=value. Unknown names are ignored, so that a newer side may say more.
//
//   elected rank -> stage0   request    what the pod shall be; a pipe on stage0's standard input
//   rank -> keeper           join       let me in; carries the rank's own socket, where the answer goes
//   keeper -> rank           admitted   the pod is there; carries its namespaces: user, mount, and others
//   asked
//                                       for
//   keeper -> rank           failed     text=..., one line; the rank must not run
//
// The names are in namespace name below.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace sabot {

inline constexpr uint32_t kProtocolMagic = 0x31544253;  // "SBT1": a peer of another release is refused by it

enum class MessageKind : uint32_t { request = 1, join = 2, admitted = 3, failed = 4 };

struct Header {
  uint32_t magic;
  MessageKind kind;
  uint32_t payload_bytes;
};

/// The largest packet, header included. Below the kernel's default socket buffer (net.core.wmem_default,
/// 212,992), so that one send is one packet.
inline constexpr size_t kMessageBytes = 128 * 1024;

/// The largest `join`.
inline constexpr size_t kJoinBytes = 512;

namespace name {
inline constexpr char kPod[] = "pod";                 // JOB.STEP.NODE, or run.PID: for messages
inline constexpr char kLocalRanks[] = "local-ranks";  // how many ranks of this step will ask on this node
inline constexpr char kImage[] = "image";             // sha256:HEX in the store, or an absolute path
inline constexpr char kStore[] = "store";             // absolute path of the store that has the digest
inline constexpr char kMounts[] = "mounts";           // SRC[:DST[:FLAGS]],... as checked by `sabot resolve`
inline constexpr char kWorkdir[] = "workdir";         // absolute, inside the image
inline constexpr char kWritable[] = "writable";       // 1 or 0
inline constexpr char kMountHome[] = "mount-home";    // 1 or 0
inline constexpr char kRemapRoot[] = "remap-root";    // 1 or 0: the caller is called root inside
inline constexpr char kUnshare[] = "unshare";         // of net,ipc,uts: namespaces of the pod's own
inline constexpr char kPin[] = "pin";                 // one of kPinWords
inline constexpr char kThreads[] = "threads";         // that a rank will have; a number
inline constexpr char kCpuBind[] = "cpu-bind";        // SLURM_CPU_BIND_TYPE: what Slurm bound the ranks to
inline constexpr char kLocalRank[] = "local-rank";    // request, join: SLURM_LOCALID
inline constexpr char kGpus[] = "gpus";               // request, join, admitted: 0,1: those a rank sees
inline constexpr char kKeepEnv[] = "keep-env";        // NAME,...: the job's value wins over the image's
inline constexpr char kLocale[] = "locale";           // repeated; NAME=VALUE of the rank's LANG and LC_*
inline constexpr char kShell[] = "shell";             // the rank's SHELL
inline constexpr char kSubmitDir[] = "submit-dir";    // the rank's working directory on the host
inline constexpr char kScript[] = "script";          // repeated; batch script or --task-prolog, to be visible
inline constexpr char kSlurmConf[] = "slurm-conf";   // of the node, where slurmd was told; names TaskProlog
inline constexpr char kPmiDir[] = "pmi-dir";         // repeated; a directory the PMI client opens
inline constexpr char kWorkdirReply[] = "workdir";   // admitted: where the rank starts
inline constexpr char kNamespaces[] = "namespaces";  // admitted: how many descriptors came with it
inline constexpr char kEnv[] = "env";                // admitted, repeated: NAME=VALUE to set
inline constexpr char kUnset[] = "unset";  // admitted, repeated: NAME=VALUE not to have, before all others
inline constexpr char kDefaultEnv[] = "default-env";  // admitted, repeated: likewise, where the rank has none
inline constexpr char kPrivileged[] = "privileged";   // admitted: 1: keep the privileges over the pod
inline constexpr char kCpus[] = "cpus";               // admitted: 0-3,8: run there alone
inline constexpr char kMemory[] = "memory";           // admitted: nodes to take memory from
inline constexpr char kMemoryStrictly[] = "memory-strictly";  // admitted: 1: from no others
inline constexpr char kText[] = "text";                       // failed: one line for the user

/// The variables that name a locale (locale(7)).
inline constexpr const char* kLocaleVariables[] = {
    "LANG",       "LC_ALL",       "LC_CTYPE",       "LC_NUMERIC",       "LC_TIME",
    "LC_COLLATE", "LC_MONETARY",  "LC_MESSAGES",    "LC_PAPER",         "LC_NAME",
    "LC_ADDRESS", "LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION"};
}  // namespace name

/// A message being written into a caller's buffer. `overflow` says that something did not fit: do not send.
struct MessageWriter {
  char* buffer;
  size_t capacity;
  size_t used;
  bool overflow;

  MessageWriter(char* into, size_t size, MessageKind kind)
      : buffer(into), capacity(size), used(sizeof(Header)), overflow(false) {
    const Header header = {kProtocolMagic, kind, 0};
    memcpy(buffer, &header, sizeof header);
  }
  void add(const char* name, const char* value) {
    const size_t name_bytes = strlen(name);
    const size_t value_bytes = strlen(value);
    if (overflow || name_bytes + value_bytes + 2 > capacity - used) {
      overflow = true;
      return;
    }
    memcpy(buffer + used, name, name_bytes);
    buffer[used + name_bytes] = '=';
    memcpy(buffer + used + name_bytes + 1, value, value_bytes + 1);
    used += name_bytes + value_bytes + 2;
    const uint32_t payload = static_cast<uint32_t>(used - sizeof(Header));
    memcpy(buffer + offsetof(Header, payload_bytes), &payload, sizeof payload);
  }
};

/// A received packet, checked once by `valid`; then walked with `next`.
struct MessageReader {
  const char* buffer;
  size_t bytes;
  size_t position = sizeof(Header);

  Header header() const {
    Header copy;
    memcpy(&copy, buffer, sizeof copy);
    return copy;
  }
  /// Right magic, right length, and the payload ends in NUL, so that every string in it does.
  bool valid() const {
    if (bytes < sizeof(Header)) return false;
    const Header h = header();
    if (h.magic != kProtocolMagic || h.payload_bytes != bytes - sizeof(Header)) return false;
    return h.payload_bytes == 0 || buffer[bytes - 1] == '\0';
  }
  /// The next string whose name is `wanted`, or a null pointer. Walks on from the last one returned.
  const char* next(const char* wanted) {
    const size_t wanted_bytes = strlen(wanted);
    while (position < bytes) {
      const char* entry = buffer + position;
      position += strlen(entry) + 1;
      if (strncmp(entry, wanted, wanted_bytes) == 0 && entry[wanted_bytes] == '=')
        return entry + wanted_bytes + 1;
    }
    return nullptr;
  }
  /// The first string named `wanted`, or `otherwise`.
  const char* first(const char* wanted, const char* otherwise) const {
    MessageReader from_start{buffer, bytes};
    const char* found = from_start.next(wanted);
    return found != nullptr ? found : otherwise;
  }
};

}  // namespace sabot
