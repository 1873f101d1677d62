// SPDX-License-Identifier: Apache-2.0
// merged_tree.cc: see merged_tree.h.
#include "images/merged_tree.h"

#include "images/entry_name.h"
#include "images/limits.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

std::string quoted(std::string_view path) { return "'" + printable(path) + "'"; }

void push_components(std::vector<std::string_view>& todo, std::string_view path) {
  std::size_t end = path.size();
  while (end > 0) {  // last first: todo is a stack
    const std::size_t slash = path.rfind('/', end - 1);
    const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
    if (begin < end) todo.push_back(path.substr(begin, end - begin));
    end = slash == std::string_view::npos ? 0 : slash;
  }
}

}  // namespace

MergedTree::MergedTree() { root_.inode = implicit_directory(); }

Inode* MergedTree::new_inode() {
  if (inodes_.size() >= kMaxEntries)
    throw Refused("more than " + std::to_string(kMaxEntries) + " entries in one image");
  return &inodes_.emplace_back();
}

Inode* MergedTree::implicit_directory() {
  Inode* inode = new_inode();
  inode->type = FileType::directory;
  inode->mode = 0755;
  inode->layer = kOwnLayer;
  return inode;
}

void MergedTree::apply(std::span<const LayerEntry> layer, std::uint32_t number, Notes& notes) {
  layer_ = number;
  for (const LayerEntry& entry : layer) hide(entry);
  last_node_ = nullptr;
  for (const LayerEntry& entry : layer) place(entry, number, notes);
}

Node* MergedTree::add(Node& parent, std::string_view name, Inode* inode) {
  if (name.size() > kMaxNameBytes) throw Refused(quoted(name) + " has a component longer than 255 bytes");
  if (parent.depth >= kMaxDepth) throw Refused(quoted(name) + " is too deep");
  auto node = std::make_unique<Node>();
  node->name = name;
  node->parent = &parent;
  node->depth = parent.depth + 1;
  node->inode = inode;
  Node* added = node.get();
  parent.children[added->name] = std::move(node);
  return added;
}

Node* MergedTree::find(std::string_view path) {
  std::vector<std::string_view> todo;
  push_components(todo, path);
  Node* at = &root_;
  for (; at != nullptr && !todo.empty(); todo.pop_back()) at = at->child(todo.back());
  return at;
}

/// The directory `path` leads to; symlinks on the way are followed as if the image's root were `/`.
Node* MergedTree::directory_of(std::string_view path, bool create) {
  if (last_node_ != nullptr && last_directory_ == path) return last_node_;
  std::vector<std::string_view> todo;
  push_components(todo, path);
  Node* at = &root_;
  int links = 0;
  while (!todo.empty()) {
    const std::string_view name = todo.back();
    todo.pop_back();
    if (name == ".") continue;
    if (name == "..") {
      if (at->parent != nullptr) at = at->parent;  // `..` of the root is the root
      continue;
    }
    Node* next = at->child(name);
    if (next == nullptr) {
      if (!create) return nullptr;
      next = add(*at, name, implicit_directory());
    }
    if (next->inode->type == FileType::symlink) {
      if (++links > kMaxSymlinks) throw Refused(quoted(path) + " leads through symlinks without end");
      if (next->inode->target.starts_with('/')) at = &root_;
      push_components(todo, next->inode->target);
    } else if (next->is_directory()) {
      at = next;
    } else {
      if (!create) return nullptr;
      throw Refused("the parent " + quoted(path) + " is not a directory");
    }
  }
  last_directory_ = path;
  last_node_ = at;
  return at;
}

void MergedTree::hide(const LayerEntry& entry) {
  if (entry.kind == LayerEntry::Kind::opaque) {
    Node* node = find(entry.path);
    if (node != nullptr) node->children.clear();
  } else if (entry.kind == LayerEntry::Kind::whiteout) {
    Node* node =
        find(entry.path);  // a symlink on the way hides nothing: the marker is below a lower layer's name
    if (node != nullptr && node->parent != nullptr) node->parent->children.erase(std::string(node->name));
  }
}

void MergedTree::place(const LayerEntry& entry, std::uint32_t number, Notes& notes) {
  if (entry.kind == LayerEntry::Kind::inode) {
    put(entry, entry.inode, number, notes);
  } else if (entry.kind == LayerEntry::Kind::hard_link) {
    put(entry, linked(entry), number, notes);
  }
}

void MergedTree::put(const LayerEntry& entry, Inode* inode, std::uint32_t number, Notes& notes) {
  const bool is_directory = inode->type == FileType::directory;
  if (entry.path.empty()) {
    if (!is_directory) throw Refused("the image's root is given as something that is not a directory");
    root_.inode = inode;
    return;
  }
  const auto [directory, name] = split_name(entry.path);
  Node* parent = directory_of(directory, true);
  Node* old = parent->child(name);
  if (old != nullptr && old->is_directory() && is_directory) {
    old->inode = inode;  // attributes are replaced, children stay
    return;
  }
  if (old != nullptr) {
    if (old->inode->layer == number)
      notes.add_each(quoted(entry.path), "given twice in one layer; the later one counts");
    last_node_ = nullptr;
    parent->children.erase(parent->children.find(name));
  }
  if (inode->type == FileType::symlink) last_node_ = nullptr;
  add(*parent, name, inode);
}

Inode* MergedTree::linked(const LayerEntry& entry) {
  const auto [directory, name] = split_name(entry.link);
  Node* parent = directory_of(directory, false);
  Node* target = parent != nullptr && !name.empty() ? parent->child(name) : nullptr;
  const std::string what = quoted(entry.path) + " is a hard link to " + quoted(entry.link);
  if (target == nullptr) throw Refused(what + ", which does not exist");
  if (target->is_directory()) throw Refused(what + ", which is a directory");
  const auto [own_directory, own_name] = split_name(entry.path);
  if (own_name == name && directory_of(own_directory, true) == target->parent)
    throw Refused(what + ", which is itself");
  return target->inode;
}

void MergedTree::force(std::string_view path, Inode* file) {
  last_node_ = nullptr;
  std::vector<std::string_view> todo;
  push_components(todo, path);
  Node* at = &root_;
  for (; todo.size() > 1; todo.pop_back()) {
    Node* next = at->child(todo.back());
    if (next == nullptr || !next->is_directory()) {
      at->children.erase(todo.back());
      next = add(*at, todo.back(), implicit_directory());
    }
    at = next;
  }
  at->children.erase(todo.back());
  add(*at, todo.back(), file);
}

}  // namespace sabot::images
