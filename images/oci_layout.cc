// SPDX-License-Identifier: Apache-2.0
// oci_layout.cc: see oci_layout.h.
#include "images/oci_layout.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "images/launch_config.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

UniqueFd open_regular(int root, const std::string& path) {
  UniqueFd fd = open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat st {};
  check(::fstat(fd.get(), &st), "fstat", path);
  if (!S_ISREG(st.st_mode)) throw Refused("'" + path + "' is not a regular file");
  return fd;
}

std::string read_text(int root, const std::string& path) {
  Context doing{"read '" + path + "'"};
  return read_all(open_regular(root, path).get(), kJsonBytes);
}

}  // namespace

std::string blob_path(const Descriptor& blob) {
  return "blobs/sha256/" + blob.digest.substr(blob.digest.find(':') + 1);
}

OciLayout::OciLayout(int root_fd) : root_fd_(root_fd) {
  const std::string file = read_text(root_fd, "oci-layout");
  Context doing{"oci-layout"};
  check_layout_file(file);
}

std::unique_ptr<ByteSource> OciLayout::open(const Descriptor& blob) {
  return std::make_unique<FileSource>(open_regular(root_fd_, blob_path(blob)));
}

std::vector<Descriptor> OciLayout::index() const {
  const std::string text = read_text(root_fd_, "index.json");
  Context doing{"index.json"};
  return parse_index(text, "");
}

}  // namespace sabot::images
