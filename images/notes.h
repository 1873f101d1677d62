// SPDX-License-Identifier: Apache-2.0
// notes.h: what an import dropped or altered, for the user to read. Not here: what makes it fail.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "images/limits.h"

namespace sabot::images {

class Notes {
 public:
  void add(std::string note) {
    if (notes_.size() < kMaxNotes) {
      notes_.push_back(std::move(note));
    } else {
      ++more_;
    }
  }
  /// `what` holds for `object`, and often for many: one note names the first and counts the others.
  void add_each(const std::string& object, const std::string& what) {
    const auto known =
        std::find_if(alike_.begin(), alike_.end(), [&](const Alike& a) { return a.what == what; });
    if (known != alike_.end()) {
      ++known->count;
    } else if (alike_.size() < kMaxNotes) {
      alike_.push_back({object, what, 1});
    } else {
      ++more_;
    }
  }
  /// All of them; the last one counts those that were not kept.
  std::vector<std::string> take() {
    for (const Alike& a : alike_)
      notes_.push_back(a.first + (a.count > 1 ? " and " + std::to_string(a.count - 1) + " more" : "") + ": " +
                       a.what);
    alike_.clear();
    if (more_ > 0) notes_.push_back("and " + std::to_string(more_) + " more of such");
    more_ = 0;
    return std::move(notes_);
  }

 private:
  struct Alike {
    std::string first;
    std::string what;
    std::size_t count;
  };
  std::vector<std::string> notes_;
  std::vector<Alike> alike_;
  std::size_t more_ = 0;
};

}  // namespace sabot::images
