// SPDX-License-Identifier: Apache-2.0
// tar_reader.h: the entries of a tar of any dialect, one after the other, with their bytes.
// Not here: what the names mean (entry_name.h), decompression (decompress.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "images/byte_source.h"
#include "images/merged_tree.h"

namespace sabot::images {

struct TarEntry {
  std::string name;              ///< as in the archive, any bytes
  std::optional<FileType> type;  ///< none: a device, a socket; to be dropped
  bool is_hard_link = false;     ///< then `target` names the other, and nothing else counts
  bool is_sparse = false;        ///< its data in the archive are not its bytes one after the other
  std::string target;            ///< of a symlink or hard link, as in the archive
  std::uint16_t mode = 0;
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  std::int64_t mtime_s = 0;
  std::uint64_t size_bytes = 0;
  std::vector<Xattr> xattrs;  ///< sorted by name, as in the archive
};

class TarReader {
 public:
  /// `from` (borrowed) gives an uncompressed tar, or nothing at all, which is an empty one.
  explicit TarReader(ByteSource& from);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  /// False at the end of the archive; `from` may have bytes left then. Data of the last entry that was not
  /// read is skipped. Throws Refused for a damaged archive, and what `from` throws.
  bool next(TarEntry& entry);

  /// The next piece of the current entry's data: false at its end. What lies between pieces is a hole.
  bool next_data(std::uint64_t& offset, std::span<const std::uint8_t>& bytes);

  /// Right after next(): where the entry's data begin, in bytes from the beginning of the tar.
  std::uint64_t data_position() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sabot::images
