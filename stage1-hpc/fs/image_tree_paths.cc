// SPDX-License-Identifier: Apache-2.0
// image_tree_paths.cc: paths of the tree, resolved as the kernel would inside the pod, and entries added by
// them. Not here: what a node is (image_tree.cc). Source: path_resolution(7).
#include <sys/stat.h>

#include <deque>

#include "fs/image_tree.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

constexpr int kLinksMax = 40;  // MAXSYMLINKS
constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kPathBytesMax = 4096;

void push_components(std::deque<std::string>& pending, std::string_view path) {
  if (path.size() >= kPathBytesMax || path.find('\0') != path.npos)
    throw Refused("'" + printable(path.substr(0, kNameBytesMax)) + "' is not a path");
  auto at = pending.begin();
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    if (name.size() > kNameBytesMax) throw Error(ENAMETOOLONG, "'" + printable(name) + "'");
    if (!name.empty() && name != ".") at = std::next(pending.emplace(at, name));
  }
}

}  // namespace

// Where a walk stands. After advance(): `arrived` at the last of `above`; or `missing`, pending.front() is
// not there; or `blocked`, the last of `above` is no directory and more is pending.
struct ImageTree::Walk {
  enum class State { arrived, missing, blocked };
  struct Step {
    std::string name;
    NodeId id;
  };
  explicit Walk(std::string_view path) { push_components(pending, path); }
  NodeId here() const { return above.empty() ? kRoot : above.back().id; }
  std::string path() const {
    std::string text;
    for (const Step& step : above) text += "/" + step.name;
    return text.empty() ? "/" : text;
  }
  [[noreturn]] void refuse_block() const { throw Refused("'" + printable(path()) + "' is not a directory"); }

  std::vector<Step> above;
  std::deque<std::string> pending;
  int links = 0;
  State state = State::arrived;
};

NodeId ImageTree::add(const Walk& parent, const std::string& name, Synthetic entry) {
  const NodeId id = kSynthetic | synthetic_.size();
  entry.path = (parent.above.empty() ? "" : parent.path()) + "/" + name;
  synthetic_.push_back(std::move(entry));
  added_[parent.here()].insert_or_assign(name, id);
  return id;
}

void ImageTree::advance(Walk& walk) const {
  while (!walk.pending.empty()) {
    const std::string name = walk.pending.front();
    walk.state = Walk::State::blocked;
    if (kind(walk.here()) != Kind::directory) return;
    if (name == "..") {
      walk.pending.pop_front();
      if (!walk.above.empty()) walk.above.pop_back();
      continue;
    }
    walk.state = Walk::State::missing;
    const std::optional<NodeId> child = lookup(walk.here(), name);
    if (!child) return;
    walk.pending.pop_front();
    if (kind(*child) != Kind::symlink) {
      walk.above.push_back({name, *child});
      continue;
    }
    if (++walk.links > kLinksMax) throw Error(ELOOP, "'" + printable(walk.path() + "/" + name) + "'");
    const std::string target = readlink(*child);
    push_components(walk.pending, target);
    if (target.front() == '/') walk.above.clear();
  }
  walk.state = Walk::State::arrived;
}

// Creates the missing directories above the last component. Ends `arrived`, or `missing` the last one alone.
ImageTree::Walk ImageTree::walk_to_parent(std::string_view path) {
  Walk walk(path);
  for (advance(walk); walk.state != Walk::State::arrived; advance(walk)) {
    if (walk.state == Walk::State::blocked) walk.refuse_block();
    if (walk.pending.size() == 1) return walk;
    add(walk, walk.pending.front(), {{}, S_IFDIR | 0755, {}});
  }
  return walk;
}

std::string ImageTree::add_directory(std::string_view path) {
  Walk walk = walk_to_parent(path);
  if (walk.state == Walk::State::missing) {
    add(walk, walk.pending.front(), {{}, S_IFDIR | 0755, {}});
    advance(walk);
  }
  if (kind(walk.here()) != Kind::directory) walk.refuse_block();
  return walk.path();
}

std::string ImageTree::put_file(Walk& walk, mode_t mode, std::string content) {
  std::string name;
  const bool replaces = walk.state == Walk::State::arrived;
  if (walk.state == Walk::State::missing) {
    name = walk.pending.front();
  } else {
    if (kind(walk.here()) == Kind::directory)
      throw Refused("'" + printable(walk.path()) + "' is a directory");
    name = walk.above.back().name;  // the root is a directory, so there is one
    walk.above.pop_back();
  }
  const NodeId id = add(walk, name, {{}, S_IFREG | mode, std::move(content), replaces});
  walk.above.push_back({name, id});
  return walk.path();
}

std::string ImageTree::add_file(std::string_view path, std::string content, mode_t mode) {
  Walk walk = walk_to_parent(path);
  return put_file(walk, mode & 07777U, std::move(content));
}

std::string ImageTree::ensure_file(std::string_view path) {
  Walk walk = walk_to_parent(path);
  if (walk.state == Walk::State::arrived && kind(walk.here()) != Kind::directory) return walk.path();
  return put_file(walk, 0644, {});
}

std::optional<std::string> ImageTree::resolve(std::string_view path) const {
  Walk walk(path);
  advance(walk);
  return walk.state == Walk::State::arrived ? std::optional(walk.path()) : std::nullopt;
}

ImageTree::Kind ImageTree::kind_of(std::string_view path) const {
  Walk walk(path);
  advance(walk);
  return walk.state == Walk::State::arrived ? kind(walk.here()) : Kind::missing;
}

bool ImageTree::is_empty_directory(std::string_view path) const {
  Walk walk(path);
  advance(walk);
  if (walk.state != Walk::State::arrived || kind(walk.here()) != Kind::directory) return false;
  bool empty = true;
  readdir(walk.here(), 0, [&](const DirEntry&) { return empty = false; });
  return empty;
}

std::optional<std::string> ImageTree::read_image_file(std::string_view path, std::size_t limit_bytes) const {
  Walk walk(path);
  advance(walk);
  if (walk.state != Walk::State::arrived) return std::nullopt;
  const NodeAttr attributes = attr(walk.here());
  const std::string quoted = "'" + printable(walk.path()) + "'";
  if (!S_ISREG(attributes.mode)) throw Refused(quoted + " is not a regular file");
  if (attributes.size_bytes > limit_bytes)
    throw Refused(quoted + " has more than " + std::to_string(limit_bytes) + " bytes");
  std::string content(attributes.size_bytes, '\0');
  content.resize(read(walk.here(), 0, content));
  return content;
}

}  // namespace sabot
