// SPDX-License-Identifier: Apache-2.0
// seat.cc: see seat.h.
#include "seat.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpu_list.h"

namespace sabot {
namespace {

// What Slurm and the vendors' runtimes read. Slurm gives all of them the same list.
constexpr const char* kGpuVariables[] = {"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK",
                                         "GPU_DEVICE_ORDINAL"};
constexpr size_t kGpuBytes = 256;

// linux/mempolicy.h; numaif.h is libnuma's.
constexpr int kPreferred = 1;
constexpr int kBind = 2;
constexpr unsigned kMaxNodes = 1024;

// Numbers and commas: a list by UUID or MIG name has no order that could be bettered here.
bool is_number_list(const char* text) {
  return text[0] != '\0' && strlen(text) < kGpuBytes && strspn(text, "0123456789,") == strlen(text);
}

void set_memory(const char* nodes, bool strictly) {
  constexpr unsigned kBits = 8 * sizeof(unsigned long);
  unsigned long mask[kMaxNodes / kBits] = {};
  unsigned count = 0;
  const bool good = read_cpu_list(nodes, strlen(nodes), [&](unsigned first, unsigned last) {
    for (unsigned node = first; node <= last && node < kMaxNodes; ++node, ++count)
      mask[node / kBits] |= 1UL << node % kBits;
  });
  if (!good || count == 0 || (count > 1 && !strictly))
    return;  // near several: the kernel's own rule is right
  ::syscall(SYS_set_mempolicy, strictly ? kBind : kPreferred, mask, static_cast<unsigned long>(kMaxNodes));
}

bool set_cpus(const char* list, FailureText* why) {
  static CpuMask mask;  // 2 KiB, on no stack of slurmstepd's
  if (parse_cpu_mask(list, &mask) && ::sched_setaffinity(0, sizeof mask, mask.words) == 0) return true;
  snprintf(why->text, sizeof why->text, "bind to CPUs %s: %s", list, strerror(errno));
  return false;
}

void order_gpus(const RankEnvironment& environment, const char* before, const char* after) {
  for (const char* name : kGpuVariables)
    if (strcmp(environment.get(environment.context, name), before) == 0)
      environment.set(environment.context, name, after);
}

}  // namespace

void add_seat_wishes(const RankEnvironment& environment, MessageWriter* request) {
  const char* threads = environment.get(environment.context, "SLURM_CPUS_PER_TASK");
  if (threads[0] == '\0') threads = environment.get(environment.context, "OMP_NUM_THREADS");
  if (threads[0] != '\0' && strlen(threads) < 6 && strspn(threads, "0123456789") == strlen(threads))
    request->add(name::kThreads, threads);
  const char* local = environment.get(environment.context, "SLURM_LOCALID");
  if (local[0] != '\0') request->add(name::kLocalRank, local);
  const char* bound = environment.get(environment.context, "SLURM_CPU_BIND_TYPE");
  if (bound[0] != '\0') request->add(name::kCpuBind, bound);
  for (const char* name : kGpuVariables) {
    const char* gpus = environment.get(environment.context, name);
    if (!is_number_list(gpus)) continue;
    request->add(name::kGpus, gpus);
    return;
  }
}

bool take_seat(const RankEnvironment& environment, const MessageReader& reply, FailureText* why) {
  const char* cpus = reply.first(name::kCpus, "");
  if (cpus[0] == '\0') return true;
  if (!set_cpus(cpus, why)) return false;
  set_memory(reply.first(name::kMemory, ""), strcmp(reply.first(name::kMemoryStrictly, "0"), "1") == 0);
  const char* gpus = reply.first(name::kGpus, "");
  char before[kGpuBytes] = "";
  for (const char* name : kGpuVariables) {
    const char* now = environment.get(environment.context, name);
    if (!is_number_list(now)) continue;
    snprintf(before, sizeof before, "%s", now);
    break;
  }
  if (gpus[0] != '\0' && before[0] != '\0') order_gpus(environment, before, gpus);
  return true;
}

}  // namespace sabot
