// SPDX-License-Identifier: Apache-2.0
// archive_input.h: a ByteSource as libarchive's input, for the two files that include libarchive.
#pragma once

#include <archive.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "images/byte_source.h"
#include "images/unrecognized.h"
#include "sys/error.h"

namespace sabot::images {

struct ArchiveDelete {
  void operator()(archive* a) const { archive_read_free(a); }
};
using ArchiveHandle = std::unique_ptr<archive, ArchiveDelete>;

/// Feeds `from` (borrowed); what from throws ends libarchive's call and is thrown again by rethrow().
class ArchiveInput {
 public:
  explicit ArchiveInput(ByteSource& from) : from_(from), block_(std::size_t{256} << 10) {}

  void open(archive* a) {
    const int rc = archive_read_open2(a, this, nullptr, &ArchiveInput::fill, &ArchiveInput::skip, nullptr);
    if (rc != ARCHIVE_OK) fail(a);
  }

  /// Throws what the source threw, else Refused with libarchive's words.
  [[noreturn]] void fail(archive* a) {
    if (failed_) std::rethrow_exception(failed_);
    const char* why = archive_error_string(a);
    if (why != nullptr && std::string_view(why) == "Unrecognized archive format")
      throw Refused(not_an_image({first_.data(), first_bytes_}));
    throw Refused(why != nullptr ? why : "damaged archive");
  }

 private:
  static la_ssize_t fill(archive* a, void* self, const void** bytes) noexcept {
    auto* input = static_cast<ArchiveInput*>(self);
    try {
      *bytes = input->block_.data();
      const std::size_t got = input->from_.read(input->block_);
      if (input->first_bytes_ == 0) {
        input->first_bytes_ = std::min(got, input->first_.size());
        std::copy_n(input->block_.begin(), input->first_bytes_, input->first_.begin());
      }
      return static_cast<la_ssize_t>(got);
    } catch (...) {
      input->failed_ = std::current_exception();
      archive_set_error(a, EIO, "the source failed");
      return -1;
    }
  }

  static la_int64_t skip(archive*, void* self, la_int64_t bytes) noexcept {
    if (bytes <= 0) return 0;
    return static_cast<la_int64_t>(
        static_cast<ArchiveInput*>(self)->from_.skip(static_cast<std::uint64_t>(bytes)));
  }

  ByteSource& from_;
  std::vector<std::uint8_t> block_;
  std::array<std::uint8_t, 64> first_{};  // to say what it was instead
  std::size_t first_bytes_ = 0;
  std::exception_ptr failed_;
};

}  // namespace sabot::images
