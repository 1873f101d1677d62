// SPDX-License-Identifier: Apache-2.0
// decompress_archive.cc: decompression by libarchive's filters. See decompress.h.
// Filters are named one by one: libarchive runs programs from PATH for some of the others.
#include "images/archive_input.h"
#include "images/decompress.h"

namespace sabot::images {
namespace {

class Filtered : public ByteSource {
 public:
  explicit Filtered(ByteSource& from) : input_(from), archive_(archive_read_new()) {
    archive* a = archive_.get();
    if (a == nullptr) throw Error(ENOMEM, "archive_read_new");
    for (const auto support : kFilters) support(a);
    archive_read_support_format_raw(a);
    archive_read_support_format_empty(a);
    input_.open(a);
    archive_entry* entry = nullptr;
    const int rc = archive_read_next_header(a, &entry);
    if (rc != ARCHIVE_OK && rc != ARCHIVE_EOF) input_.fail(a);
    empty_ = rc == ARCHIVE_EOF;
  }

  std::size_t read(std::span<std::uint8_t> into) override {
    if (empty_) return 0;
    const la_ssize_t got = archive_read_data(archive_.get(), into.data(), into.size());
    if (got < 0) input_.fail(archive_.get());
    return static_cast<std::size_t>(got);
  }

 private:
  static constexpr int (*kFilters[])(archive*) = {
      archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
      archive_read_support_filter_xz,   archive_read_support_filter_lzma,
      archive_read_support_filter_lzip, archive_read_support_filter_zstd,
      archive_read_support_filter_lz4,  archive_read_support_filter_compress,
  };
  ArchiveInput input_;  // before archive_, which reads from it until it is gone
  ArchiveHandle archive_;
  bool empty_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> decompress_with_libarchive(ByteSource& from) {
  return std::make_unique<Filtered>(from);
}

}  // namespace sabot::images
