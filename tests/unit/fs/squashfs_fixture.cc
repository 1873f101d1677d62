// SPDX-License-Identifier: Apache-2.0
// squashfs_fixture.cc: see squashfs_fixture.h.
#include "squashfs_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::test {

TempTree::TempTree() {
  std::string name = (std::filesystem::temp_directory_path() / "sabot-fs-XXXXXX").string();
  check(::mkdtemp(name.data()) == nullptr ? -1 : 0, "mkdtemp", name);
  base_ = name;
  tree_ = base_ / "tree";
  std::filesystem::create_directory(tree_);
}

TempTree::~TempTree() {
  std::error_code ignored;
  std::filesystem::remove_all(base_, ignored);
}

void TempTree::file(const std::string& name, std::string_view content) const {
  std::ofstream(tree_ / name, std::ios::binary)
      .write(content.data(), static_cast<std::streamsize>(content.size()));
}

void TempTree::directory(const std::string& name) const { std::filesystem::create_directories(tree_ / name); }

void TempTree::symlink(const std::string& name, const std::string& target) const {
  std::filesystem::create_symlink(target, tree_ / name);
}

UniqueFd TempTree::image(const std::string& options) const {
  const std::string image = (base_ / "image.sqsh").string();
  const std::string command = "mksquashfs '" + tree_.string() + "' '" + image +
                              "' -noappend -no-progress -quiet " + options + " >/dev/null";
  if (std::system(command.c_str()) != 0) throw Refused("failed: " + command);  // NOLINT: a test's own words
  UniqueFd fd{check(::open(image.c_str(), O_RDONLY | O_CLOEXEC), "open", image)};
  std::filesystem::remove(image);
  return fd;
}

bool have_mksquashfs() { return std::system("command -v mksquashfs >/dev/null") == 0; }  // NOLINT

std::string pattern(std::size_t bytes, unsigned seed) {
  std::string text(bytes, '\0');
  std::uint64_t state = seed * 2654435761U + 1;
  for (char& c : text) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    c = static_cast<char>('a' + ((state >> 33) & 15));
  }
  return text;
}

NodeId find(ImageReader& image, const std::string& path) {
  NodeId node = image.root();
  for (const auto& part : std::filesystem::path(path)) {
    const auto child = image.lookup(node, part.string());
    if (!child) throw Refused("the image has no " + path);
    node = *child;
  }
  return node;
}

std::string read_whole(ImageReader& image, NodeId file, std::size_t step_bytes) {
  std::string content;
  std::string step(step_bytes, '\0');
  while (const std::size_t got = image.read(file, content.size(), step)) content.append(step, 0, got);
  return content;
}

std::string bytes_of(int fd) {
  check(::lseek(fd, 0, SEEK_SET), "lseek");
  return read_all(fd, std::size_t{1} << 30);
}

UniqueFd file_of(std::string_view bytes) {
  UniqueFd fd{check(::memfd_create("image", MFD_CLOEXEC), "memfd_create")};
  write_all(fd.get(), bytes);
  return fd;
}

}  // namespace sabot::test
