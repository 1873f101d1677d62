// SPDX-License-Identifier: Apache-2.0
// cpu_set.cc: see cpu_set.h.
#include "placement/cpu_set.h"

#include "cpu_list.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::placement {

CpuSet CpuSet::parse(std::string_view list) {
  CpuSet set;
  const bool good = read_cpu_list(list.data(), list.size(), [&set](unsigned first, unsigned last) {
    hwloc_bitmap_set_range(set.bits_, first, static_cast<int>(last));
  });
  if (!good) throw Refused("'" + printable(list.substr(0, 200)) + "' is no list of CPUs such as 0-3,8");
  return set;
}

std::string CpuSet::list() const {
  std::string text;
  for (int first = hwloc_bitmap_first(bits_); first >= 0;) {
    int last = first;
    int next = hwloc_bitmap_next(bits_, last);
    for (; next == last + 1; next = hwloc_bitmap_next(bits_, last)) last = next;
    if (!text.empty()) text += ',';
    text += std::to_string(first);
    if (last > first) text += '-' + std::to_string(last);
    first = next;
  }
  return text;
}

}  // namespace sabot::placement
