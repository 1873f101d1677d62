// SPDX-License-Identifier: Apache-2.0
// host_directory.cc: see host_directory.h. Each node is a descriptor; a pod's plan looks at a few dozen.
#include "fs/host_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

class HostDirectory : public ImageReader {
 public:
  explicit HostDirectory(UniqueFd directory) { nodes_.push_back(std::move(directory)); }

  NodeId root() override { return 0; }

  std::optional<NodeId> lookup(NodeId parent, std::string_view name) override {
    const auto key = std::pair{parent, std::string(name)};
    if (const auto found = known_.find(key); found != known_.end()) return found->second;
    UniqueFd fd{::openat(nodes_.at(parent).get(), key.second.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    if (!fd.valid() && errno == ENOENT) return std::nullopt;
    check(fd.get(), "look up", printable(name));
    nodes_.push_back(std::move(fd));
    return known_[key] = nodes_.size() - 1;
  }

  NodeAttr attr(NodeId node) override {
    struct stat st {};
    check(::fstat(nodes_.at(node).get(), &st), "fstat");
    NodeAttr attr;
    attr.ino = node;
    attr.mode = st.st_mode;
    attr.size_bytes = static_cast<std::uint64_t>(st.st_size);
    return attr;
  }

  void readdir(NodeId dir, std::uint64_t cookie, const EntrySink& sink) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(reopen(dir, O_DIRECTORY).release()),
                                                     &::closedir};
    if (!stream) throw Error(errno, "fdopendir");
    std::uint64_t at = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == ".." || ++at <= cookie) continue;
      if (!sink({name, 0, static_cast<mode_t>(DTTOIF(entry->d_type)), at})) return;
    }
  }

  std::string readlink(NodeId link) override {
    std::string target(4096, '\0');
    const ssize_t bytes = ::readlinkat(nodes_.at(link).get(), "", target.data(), target.size());
    target.resize(static_cast<std::size_t>(check(bytes, "readlink")));
    return target;
  }

  std::size_t read(NodeId file, std::uint64_t offset, std::span<char> into) override {
    const UniqueFd fd = reopen(file, O_NONBLOCK);
    std::size_t got = 0;
    while (got < into.size()) {
      const ssize_t n =
          ::pread(fd.get(), into.data() + got, into.size() - got, static_cast<off_t>(offset + got));
      if (n == -1 && errno == EINTR) continue;
      if (check(n, "read") == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }

  bool has_xattrs() override { return false; }
  std::vector<std::string> list_xattrs(NodeId) override { return {}; }
  std::optional<std::string> xattr(NodeId, std::string_view) override { return std::nullopt; }
  ImageTotals totals() override { return {}; }
  StartBlocks& start_blocks() override { return start_; }  // none: the kernel has the blocks
  void read_ahead(std::span<const StoredBlock>) noexcept override {}

 private:
  UniqueFd reopen(NodeId node, int flags) {
    const std::string path = "/proc/self/fd/" + std::to_string(nodes_.at(node).get());
    return UniqueFd{check(::open(path.c_str(), O_RDONLY | O_NOCTTY | O_CLOEXEC | flags), "open")};
  }

  StartBlocks start_;
  std::vector<UniqueFd> nodes_;
  std::map<std::pair<NodeId, std::string>, NodeId> known_;
};

}  // namespace

std::unique_ptr<ImageReader> open_host_directory(UniqueFd directory) {
  return std::make_unique<HostDirectory>(std::move(directory));
}

}  // namespace sabot
