// SPDX-License-Identifier: Apache-2.0
// cpu_set.cc: see cpu_set.h. The kernel's list notation, read strictly.
#include "cpu_set.h"

#include <charconv>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::placement {
namespace {

// A number from the front of `text`, which moves behind it.
unsigned take_number(std::string_view& text, std::string_view whole) {
  unsigned number = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (err != std::errc{} || number > CpuSet::kMaxCpu)
    throw Refused("'" + printable(whole.substr(0, 200)) + "' is no list of CPUs such as 0-3,8");
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

CpuSet CpuSet::parse(std::string_view list) {
  CpuSet set;
  if (list.empty()) return set;
  std::string_view rest = list;
  do {
    const unsigned first = take_number(rest, list);
    const unsigned last = take(rest, '-') ? take_number(rest, list) : first;
    if (last < first) throw Refused("'" + printable(list.substr(0, 200)) + "' counts downwards");
    hwloc_bitmap_set_range(set.bits_, first, static_cast<int>(last));
  } while (take(rest, ','));
  if (!rest.empty())
    throw Refused("'" + printable(list.substr(0, 200)) + "' is no list of CPUs such as 0-3,8");
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
