// SPDX-License-Identifier: Apache-2.0
// cpu_list.h: the kernel's notation of a set of CPUs, "0-3,8", to read and to write. libc alone: ranks read
// it in the task child of slurmstepd. Not here: sets to reckon with (placement/cpu_set.h). Source: cpuset(7),
// "List format".
#pragma once

#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

namespace sabot {

/// CPUs that can be named. Linux has CONFIG_NR_CPUS at most 8192; more is no machine but a mistake.
inline constexpr unsigned kMaxCpus = 16384;

/// As the kernel's calls take it: cpu_set_t alone ends at 1024.
struct CpuMask {
  cpu_set_t words[kMaxCpus / CPU_SETSIZE];
};

/// Hand every range of `list` to `add(first, last)`, in its order; an empty list has none. False where it is
/// no list, or names a CPU beyond kMaxCpus; some ranges may have been handed over then.
template <class Add>
bool read_cpu_list(const char* list, size_t bytes, Add add) {
  size_t at = 0;
  const auto number = [&](unsigned* value) {
    const size_t from = at;
    for (*value = 0; at < bytes && list[at] >= '0' && list[at] <= '9'; ++at) {
      *value = *value * 10 + static_cast<unsigned>(list[at] - '0');
      if (*value >= kMaxCpus) return false;
    }
    return at > from;
  };
  while (at < bytes) {
    unsigned first = 0;
    unsigned last = 0;
    if (!number(&first)) return false;
    last = first;
    if (at < bytes && list[at] == '-' && (++at, !number(&last))) return false;
    if (last < first) return false;
    add(first, last);
    if (at == bytes) return true;
    if (list[at++] != ',' || at == bytes) return false;
  }
  return true;
}

/// False as above; `mask` is then not to be used.
inline bool parse_cpu_mask(const char* list, CpuMask* mask) {
  memset(mask, 0, sizeof *mask);
  return read_cpu_list(list, strlen(list), [mask](unsigned first, unsigned last) {
    for (unsigned cpu = first; cpu <= last; ++cpu) CPU_SET_S(cpu, sizeof *mask, mask->words);
  });
}

/// Hand every range of `mask` to `add(first, last)`, ascending.
template <class Add>
void ranges_of(const CpuMask& mask, Add add) {
  for (unsigned cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (!CPU_ISSET_S(cpu, sizeof mask, mask.words)) continue;
    const unsigned first = cpu;
    while (cpu + 1 < kMaxCpus && CPU_ISSET_S(cpu + 1, sizeof mask, mask.words)) ++cpu;
    add(first, cpu);
  }
}

}  // namespace sabot
