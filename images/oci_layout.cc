// SPDX-License-Identifier: Apache-2.0
// oci_layout.cc: see oci_layout.h.
#include "images/oci_layout.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <optional>
#include <set>

#include "images/digest.h"
#include "images/limits.h"
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

bool host_runs(
    const std::string& variant) {  // amd64 levels; other architectures' variants are taken as they come
#if defined(__x86_64__)
  // x86-64 psABI, table 3.1; the feature that came last with each level stands for it.
  const bool v2 = __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("popcnt") != 0;
  const bool v3 = v2 && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
                  __builtin_cpu_supports("fma") != 0;
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                  __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  if (variant == "v2") return v2;
  if (variant == "v3") return v3;
  if (variant == "v4") return v4;
#endif
  return !variant.empty();
}

class Choice {
 public:
  Choice(const OciLayout& layout, const std::string& architecture)
      : layout_(layout), architecture_(architecture) {}

  /// First match wins, as image-index.md has it; an index within is looked into where it stands.
  std::optional<Descriptor> in(const std::vector<Descriptor>& entries, int depth) {
    for (const Descriptor& entry : entries) {
      if (is_index_type(entry.media_type)) {
        auto found = in_index(entry, depth);
        if (found) return found;
      } else if (fits(entry)) {
        return entry;
      }
    }
    return std::nullopt;
  }

  std::string seen() const {
    std::string list;
    for (const std::string& platform : seen_) list += (list.empty() ? "" : ", ") + platform;
    return list.empty() ? "nothing" : list;
  }

 private:
  std::optional<Descriptor> in_index(const Descriptor& index, int depth) {
    if (depth >= kMaxIndexDepth) throw Refused("indexes more than 4 deep");
    if (++documents_ > kMaxDocuments) throw Refused("more indexes than any image needs");
    Context doing{"index " + index.digest};
    return in(parse_index(layout_.read_document(index), index.media_type), depth + 1);
  }

  bool fits(const Descriptor& entry) {
    if (!entry.has_platform) return true;  // its configuration says more, and is checked
    seen_.insert(
        printable(entry.os + "/" + entry.architecture + (entry.variant.empty() ? "" : "/") + entry.variant));
    if (entry.os != "linux" || entry.architecture != architecture_) return false;
    return architecture_ != "amd64" || entry.variant.empty() || entry.variant == "v1" ||
           host_runs(entry.variant);
  }

  const OciLayout& layout_;
  const std::string& architecture_;
  std::set<std::string> seen_;
  int documents_ = 0;
};

std::vector<Descriptor> selected(std::vector<Descriptor> entries, const std::string& selector) {
  std::set<std::string> names;
  for (const Descriptor& entry : entries) names.insert(entry.ref_name);
  std::string list;
  for (const std::string& name : names)
    if (!name.empty()) list += (list.empty() ? "" : ", ") + printable(name);
  if (selector.empty()) {
    if (names.size() > 1)
      throw Refused("the layout has several images: say which, as in oci:DIR:NAME: " + list);
    return entries;
  }
  std::erase_if(entries, [&](const Descriptor& entry) { return entry.ref_name != selector; });
  if (entries.empty())
    throw Refused("the layout has no image '" + printable(selector) +
                  "'; it has: " + (list.empty() ? "none with a name" : list));
  return entries;
}

}  // namespace

OciLayout::OciLayout(int root_fd) : root_fd_(root_fd) {
  const std::string file = read_text(root_fd, "oci-layout");
  Context doing{"oci-layout"};
  check_layout_file(file);
}

UniqueFd OciLayout::open_blob(const Descriptor& blob) const {
  return open_regular(root_fd_, "blobs/sha256/" + blob.digest.substr(blob.digest.find(':') + 1));
}

std::string OciLayout::read_document(const Descriptor& document) const {
  Context doing{"read " + document.digest};
  if (document.size_bytes > kJsonBytes)
    throw Refused("larger than the limit of " + std::to_string(kJsonBytes) + " bytes for a document");
  std::string text = read_all(open_blob(document).get(), document.size_bytes);
  if (text.size() != document.size_bytes)
    throw Refused("has " + std::to_string(text.size()) + " bytes, not " +
                  std::to_string(document.size_bytes));
  const std::string digest = sha256_of(text);
  if (digest != document.digest) throw Refused("its content has the digest " + digest);
  return text;
}

std::vector<Descriptor> OciLayout::index() const {
  const std::string text = read_text(root_fd_, "index.json");
  Context doing{"index.json"};
  return parse_index(text, "");
}

Chosen choose_image(const OciLayout& layout, const std::string& selector, const std::string& architecture) {
  const std::vector<Descriptor> entries = selected(layout.index(), selector);
  Choice choice(layout, architecture);
  const auto found = choice.in(entries, 0);
  if (!found) throw Refused("no image for linux/" + architecture + "; there is: " + choice.seen());
  Chosen chosen;
  chosen.descriptor = *found;
  Context doing{"manifest " + found->digest};
  chosen.manifest = parse_manifest(layout.read_document(*found), found->media_type);
  Context then{"configuration"};
  chosen.config = parse_image_config(layout.read_document(chosen.manifest.config));
  const ImageConfig& config = chosen.config;
  if (!config.os.empty() && config.os != "linux")
    throw Refused("an image for the system '" + printable(config.os) + "'");
  if (!config.architecture.empty() && config.architecture != architecture)
    throw Refused("an image for " + printable(config.architecture) + ", where " + architecture +
                  " is wanted");
  if (config.diff_ids.size() != chosen.manifest.layers.size())
    throw Refused(std::to_string(config.diff_ids.size()) + " diff_ids for " +
                  std::to_string(chosen.manifest.layers.size()) + " layers");
  return chosen;
}

std::string host_architecture() {
  struct Spelling {
    std::string_view kernel;
    const char* go;
  };
  static constexpr Spelling kSpellings[] = {
      {"x86_64", "amd64"},    {"aarch64", "arm64"},       {"ppc64le", "ppc64le"}, {"s390x", "s390x"},
      {"riscv64", "riscv64"}, {"loongarch64", "loong64"}, {"i686", "386"},        {"armv7l", "arm"},
  };
  utsname name{};
  check(::uname(&name), "uname");
  for (const Spelling& spelling : kSpellings)
    if (spelling.kernel == name.machine) return spelling.go;
  return name.machine;
}

}  // namespace sabot::images
