// SPDX-License-Identifier: Apache-2.0
// notes.h: what an import dropped or altered, for the user to read. Not here: what makes it fail.
#pragma once

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
  /// All of them; the last one counts those that were not kept.
  std::vector<std::string> take() {
    if (more_ > 0) notes_.push_back("and " + std::to_string(more_) + " more of such");
    more_ = 0;
    return std::move(notes_);
  }

 private:
  std::vector<std::string> notes_;
  std::size_t more_ = 0;
};

}  // namespace sabot::images
