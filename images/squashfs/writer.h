// SPDX-License-Identifier: Apache-2.0
// writer.h: a squashfs file being written: first the bytes of files, in any order, then the tree that names
// them. The same calls give the same bytes, however many threads compress. Not here: what the tree should be
// (merged_tree.h), reading (squashfs_file.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "images/import.h"
#include "images/merged_tree.h"

namespace sabot::images {

class SquashfsWriter {
 public:
  /// `fd`  borrowed; empty, open for reading and writing. Throws Refused for options squashfs does not have.
  SquashfsWriter(int fd, const ImportOptions& options);
  ~SquashfsWriter();
  SquashfsWriter(const SquashfsWriter&) = delete;
  SquashfsWriter& operator=(const SquashfsWriter&) = delete;

  /// The bytes of one file that is not empty: begin_file, any number of append and append_zeros, end_file.
  /// Returns what goes into Inode::data.
  std::uint32_t begin_file();
  void append(std::span<const std::uint8_t> bytes);
  void append_zeros(std::uint64_t bytes);
  void end_file();

  struct Written {
    std::uint64_t size_bytes;
    std::uint32_t inode_count;
  };
  /// Write the tree; the file is a complete squashfs afterwards. Sets nlink, number and place of its inodes.
  /// Extended attributes that squashfs cannot hold must not be in it.
  Written finish(Node& root);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// True for the name spaces of extended attributes that squashfs can hold: user, trusted, security.
bool squashfs_holds_xattr(std::string_view name);

}  // namespace sabot::images
