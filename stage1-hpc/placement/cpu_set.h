// SPDX-License-Identifier: Apache-2.0
// cpu_set.h: a set of CPUs or of memory nodes, by the kernel's numbers: hwloc's bitmap with an owner.
// Not here: which CPUs there are (topology.h), who gets them (placement.h).
#pragma once

#include <hwloc.h>

#include <string>
#include <string_view>
#include <utility>

namespace sabot::placement {

/// A value: copied with its content. Numbers are the kernel's (OS indices).
class CpuSet {
 public:
  CpuSet() : bits_(hwloc_bitmap_alloc()) {}
  /// A copy of what hwloc owns; null is the empty set.
  explicit CpuSet(hwloc_const_bitmap_t bits)
      : bits_(bits != nullptr ? hwloc_bitmap_dup(bits) : hwloc_bitmap_alloc()) {}
  CpuSet(const CpuSet& other) : bits_(hwloc_bitmap_dup(other.bits_)) {}
  CpuSet(CpuSet&& other) noexcept : bits_(std::exchange(other.bits_, nullptr)) {}
  CpuSet& operator=(CpuSet other) noexcept {
    std::swap(bits_, other.bits_);
    return *this;
  }
  ~CpuSet() {
    if (bits_ != nullptr) hwloc_bitmap_free(bits_);
  }

  /// From the kernel's notation, "0-3,8" (cpu_list.h); the empty text is the empty set. Throws Refused for
  /// anything else.
  static CpuSet parse(std::string_view list);
  /// The kernel's notation, ascending; "" when empty.
  std::string list() const;

  hwloc_const_bitmap_t get() const { return bits_; }
  hwloc_bitmap_t get() { return bits_; }
  bool empty() const { return hwloc_bitmap_iszero(bits_) != 0; }
  unsigned count() const { return static_cast<unsigned>(hwloc_bitmap_weight(bits_)); }
  int first() const { return hwloc_bitmap_first(bits_); }  ///< -1 when empty
  bool has(unsigned number) const { return hwloc_bitmap_isset(bits_, number) != 0; }
  bool intersects(const CpuSet& other) const { return hwloc_bitmap_intersects(bits_, other.bits_) != 0; }
  bool within(const CpuSet& other) const { return hwloc_bitmap_isincluded(bits_, other.bits_) != 0; }

  void add(unsigned number) { hwloc_bitmap_set(bits_, number); }
  CpuSet& operator|=(const CpuSet& other) { return hwloc_bitmap_or(bits_, bits_, other.bits_), *this; }
  CpuSet& operator&=(const CpuSet& other) { return hwloc_bitmap_and(bits_, bits_, other.bits_), *this; }
  CpuSet& operator-=(const CpuSet& other) { return hwloc_bitmap_andnot(bits_, bits_, other.bits_), *this; }
  friend CpuSet operator|(CpuSet a, const CpuSet& b) { return a |= b; }
  friend CpuSet operator&(CpuSet a, const CpuSet& b) { return a &= b; }
  friend CpuSet operator-(CpuSet a, const CpuSet& b) { return a -= b; }
  bool operator==(const CpuSet& other) const { return hwloc_bitmap_isequal(bits_, other.bits_) != 0; }

 private:
  hwloc_bitmap_t bits_;
};

}  // namespace sabot::placement
