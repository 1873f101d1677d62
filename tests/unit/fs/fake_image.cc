// SPDX-License-Identifier: Apache-2.0
// fake_image.cc: see fake_image.h.
#include "fake_image.h"

#include <sys/stat.h>

#include "sys/error.h"

namespace sabot::test {

FakeImage::FakeImage() { nodes_.push_back({S_IFDIR | 0755, {}, {}, 2}); }

NodeId FakeImage::at(const std::string& path) {
  NodeId node = 0;
  for (std::size_t from = 1; from < path.size();) {
    const std::size_t to = std::min(path.find('/', from), path.size());
    node = nodes_.at(node).children.at(path.substr(from, to - from));
    from = to + 1;
  }
  return node;
}

NodeId FakeImage::make(mode_t mode, std::string content) {
  nodes_.push_back({mode, std::move(content), {}, S_ISDIR(mode) ? 2U : 1U});
  return nodes_.size() - 1;
}

FakeImage& FakeImage::place(const std::string& path, NodeId node) {
  const std::size_t slash = path.rfind('/');
  nodes_.at(at(path.substr(0, slash))).children[path.substr(slash + 1)] = node;
  return *this;
}

FakeImage& FakeImage::directory(const std::string& path) { return place(path, make(S_IFDIR | 0755, {})); }
FakeImage& FakeImage::file(const std::string& path, std::string content) {
  return place(path, make(S_IFREG | 0644, std::move(content)));
}
FakeImage& FakeImage::symlink(const std::string& path, std::string target) {
  return place(path, make(S_IFLNK | 0777, std::move(target)));
}
FakeImage& FakeImage::special(const std::string& path, mode_t mode) { return place(path, make(mode, {})); }
FakeImage& FakeImage::hard_link(const std::string& path, const std::string& existing) {
  const NodeId node = at(existing);
  ++nodes_.at(node).nlink;
  return place(path, node);
}

std::optional<NodeId> FakeImage::lookup(NodeId parent, std::string_view name) {
  const auto& children = nodes_.at(parent).children;
  const auto found = children.find(std::string(name));
  return found == children.end() ? std::nullopt : std::optional(found->second);
}

NodeAttr FakeImage::attr(NodeId node) {
  const Node& n = nodes_.at(node);
  NodeAttr attr;
  attr.ino = node;
  attr.mode = n.mode;
  attr.nlink = n.nlink;
  attr.size_bytes = n.content.size();
  return attr;
}

void FakeImage::readdir(NodeId dir, std::uint64_t cookie, const EntrySink& sink) {
  std::uint64_t at = 0;
  for (const auto& [name, node] : nodes_.at(dir).children)
    if (++at > cookie && !sink({name, node, nodes_.at(node).mode & S_IFMT, at})) return;
}

std::string FakeImage::readlink(NodeId link) { return nodes_.at(link).content; }

std::size_t FakeImage::read(NodeId file, std::uint64_t offset, std::span<char> into) {
  const std::string& content = nodes_.at(file).content;
  return offset >= content.size() ? 0 : content.copy(into.data(), into.size(), offset);
}

}  // namespace sabot::test
