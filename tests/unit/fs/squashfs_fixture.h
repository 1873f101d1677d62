// SPDX-License-Identifier: Apache-2.0
// squashfs_fixture.h: a temporary tree, and squashfs images that mksquashfs makes of it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fs/image_reader.h"
#include "sys/unique_fd.h"

namespace sabot::test {

class TempTree {
 public:
  TempTree();
  ~TempTree();
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;

  void file(const std::string& name, std::string_view content) const;
  void directory(const std::string& name) const;
  void symlink(const std::string& name, const std::string& target) const;
  std::string path(const std::string& name) const { return (tree_ / name).string(); }

  /// An unlinked file that holds the image; `options` are mksquashfs's.
  UniqueFd image(const std::string& options = "") const;

 private:
  std::filesystem::path base_;
  std::filesystem::path tree_;
};

bool have_mksquashfs();
/// Bytes that look different everywhere, and compress a little.
std::string pattern(std::size_t bytes, unsigned seed);
NodeId find(ImageReader& image, const std::string& path);
std::string read_whole(ImageReader& image, NodeId file, std::size_t step_bytes = 1 << 16);
std::string bytes_of(int fd);
/// An unlinked file with this content.
UniqueFd file_of(std::string_view bytes);

}  // namespace sabot::test
