// SPDX-License-Identifier: Apache-2.0
// fake_image.h: an image in memory, for tests of the tree above it.
#pragma once

#include <map>

#include "fs/image_reader.h"

namespace sabot::test {

class FakeImage : public ImageReader {
 public:
  FakeImage();
  FakeImage& directory(const std::string& path);
  FakeImage& file(const std::string& path, std::string content);
  FakeImage& symlink(const std::string& path, std::string target);
  FakeImage& special(const std::string& path, mode_t mode);
  FakeImage& hard_link(const std::string& path, const std::string& existing);

  NodeId root() override { return 0; }  // the first inode of a squashfs has id 0
  std::optional<NodeId> lookup(NodeId parent, std::string_view name) override;
  NodeAttr attr(NodeId node) override;
  void readdir(NodeId dir, std::uint64_t cookie, const EntrySink& sink) override;
  std::string readlink(NodeId link) override;
  std::size_t read(NodeId file, std::uint64_t offset, std::span<char> into) override;
  bool has_xattrs() override { return true; }
  std::vector<std::string> list_xattrs(NodeId) override { return {"user.of_image"}; }
  std::optional<std::string> xattr(NodeId, std::string_view) override { return "value"; }
  ImageTotals totals() override { return {}; }
  StartBlocks& start_blocks() override { return start_; }
  void read_ahead(std::span<const StoredBlock>) noexcept override {}

 private:
  struct Node {
    mode_t mode = 0;
    std::string content;
    std::map<std::string, NodeId> children;
    std::uint32_t nlink = 1;
  };
  FakeImage& place(const std::string& path, NodeId node);
  NodeId make(mode_t mode, std::string content);
  NodeId at(const std::string& path);

  std::vector<Node> nodes_;
  StartBlocks start_;
};

}  // namespace sabot::test
