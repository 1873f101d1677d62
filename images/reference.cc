// SPDX-License-Identifier: Apache-2.0
// reference.cc: see reference.h.
#include "images/reference.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "images/squashfs_file.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::string_view kDockerPrefix = "docker://";
constexpr std::size_t kNameBytes = 80;  // each byte may become three, and a file name has 255

/// `PREFIX:PATH[:SELECTOR]`
struct PathKind {
  std::string_view prefix;
  ReferenceKind kind;
  bool has_selector;
};
constexpr PathKind kPathKinds[] = {
    {"oci:", ReferenceKind::oci_layout, true},
    {"oci-archive:", ReferenceKind::oci_archive, true},
    {"docker-archive:", ReferenceKind::docker_archive, true},
    {"aci:", ReferenceKind::aci, false},
};

std::string quoted(std::string_view text) { return "'" + printable(text.substr(0, 200)) + "'"; }

void refuse_bytes(std::string_view text) {
  if (text.empty()) throw Refused("an empty image reference");
  if (text.size() > kReferenceBytes) throw Refused("an image reference longer than 4096 bytes");
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      throw Refused("image " + quoted(text) + " has a control character in it");
}

bool is_path(std::string_view text) {
  return text.starts_with('/') || text.starts_with("./") || text.starts_with("../") || text == "." ||
         text == "..";
}

/// The first colon ends PATH, as in skopeo; SELECTOR may have more of them.
void parse_path_kind(std::string_view rest, const PathKind& kind, Reference& out) {
  const std::size_t colon = kind.has_selector ? rest.find(':') : std::string_view::npos;
  out.kind = kind.kind;
  out.path = rest.substr(0, colon);
  if (out.path.empty()) throw Refused("image " + quoted(out.text) + " names no file or directory");
  if (colon == std::string_view::npos) return;
  out.selector = rest.substr(colon + 1);
  if (out.selector.empty()) throw Refused("image " + quoted(out.text) + " has nothing after its last colon");
}

const PathKind* path_kind_of(std::string_view text) {
  for (const PathKind& kind : kPathKinds)
    if (text.starts_with(kind.prefix)) return &kind;
  return nullptr;
}

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

bool is_component(std::string_view part) {
  return !part.empty() && part[0] != '.' && part[0] != '-' &&
         std::all_of(part.begin(), part.end(), is_name_byte);
}

/// HOST:PORT/NAME: no name in the store has a slash after its colon.
bool has_port(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != text.npos && text.find('/', colon) != text.npos;
}

/// HOST/NAME, where HOST has a dot.
bool names_host(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != text.npos && text.substr(0, slash).find('.') != text.npos;
}

ReferenceKind kind_of_file(int fd, const struct stat& st, const std::string& path) {
  struct stat marker {};
  if (S_ISDIR(st.st_mode))
    return ::fstatat(fd, "oci-layout", &marker, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(marker.st_mode)
               ? ReferenceKind::oci_layout
               : ReferenceKind::rootfs_directory;
  if (!S_ISREG(st.st_mode)) throw Refused("image " + quoted(path) + " is neither a file nor a directory");
  return is_squashfs(fd) ? ReferenceKind::squashfs : ReferenceKind::archive;
}

}  // namespace

bool is_sha256_digest(std::string_view text) {
  return text.size() == 71 && text.starts_with("sha256:") &&
         text.find_first_not_of("0123456789abcdef", 7) == std::string_view::npos;
}

std::string canonical_name(std::string_view name) {
  const std::string_view whole = name;
  if (name.size() > kNameBytes) throw Refused("the image name " + quoted(whole) + " is longer than 80 bytes");
  const std::size_t colon = name.find(':');
  const std::string_view tag = colon == std::string_view::npos ? "latest" : name.substr(colon + 1);
  name = name.substr(0, colon);
  bool good = is_component(tag);
  for (std::string_view rest = name; good;) {
    const std::size_t slash = rest.find('/');
    good = is_component(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (!good)
    throw Refused(quoted(whole) + " is not an image name: NAME[:TAG] of letters, digits, '.', '_', '-', '/'");
  return std::string(name) + (tag == "latest" ? "" : ":" + std::string(tag));
}

Reference in_registry(Reference reference, const std::string& default_registry) {
  if (reference.kind != ReferenceKind::name) return reference;
  if (default_registry.empty() && !names_host(reference.text)) return reference;
  reference.kind = ReferenceKind::registry;
  reference.registry = registry::parse_image_name(reference.text, default_registry);
  return reference;
}

Reference parse_reference(std::string_view text, const std::string& default_registry) {
  refuse_bytes(text);
  Reference out;
  out.text = text;
  if (is_path(text)) {
    out.path = text;
    return out;
  }
  if (text.starts_with(kDockerPrefix)) {
    out.kind = ReferenceKind::registry;
    out.registry = registry::parse_image_name(text.substr(kDockerPrefix.size()), default_registry);
  } else if (const PathKind* kind = path_kind_of(text)) {
    parse_path_kind(text.substr(kind->prefix.size()), *kind, out);
  } else if (text.starts_with("sha256:")) {
    if (!is_sha256_digest(text))
      throw Refused("image " + quoted(text) + ": a digest is sha256: and 64 hex digits");
    out.kind = ReferenceKind::digest;
    out.digest = text;
  } else if (text.find("://") != std::string_view::npos) {
    throw Refused("image " + quoted(text) + " is of a kind that is not known");
  } else if (text.find_first_of("#@") != std::string_view::npos || has_port(text)) {
    out.kind = ReferenceKind::registry;
    out.registry = registry::parse_image_name(text, default_registry);
  } else {
    out.kind = ReferenceKind::name;
    out.name = canonical_name(text);
  }
  return out;
}

Reference locate(Reference reference, int dir_fd) {
  std::string path = reference.path;
  if (reference.kind == ReferenceKind::name) {
    struct stat st {};
    if (::fstatat(dir_fd, reference.text.c_str(), &st, 0) == -1 || !S_ISREG(st.st_mode)) return reference;
    path = reference.text;
  } else if (reference.kind == ReferenceKind::digest || reference.kind == ReferenceKind::registry) {
    return reference;
  }
  const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const UniqueFd fd{check(::openat(dir_fd, path.c_str(), flags), "open image", printable(path))};
  struct stat st {};
  check(::fstat(fd.get(), &st), "fstat", printable(path));
  const ReferenceKind found = kind_of_file(fd.get(), st, path);
  if (reference.kind == ReferenceKind::oci_layout && found != ReferenceKind::oci_layout)
    throw Refused("image " + quoted(reference.text) + ": '" + printable(path) + "' is not an OCI layout");
  const bool named = path_kind_of(reference.text) != nullptr;  // what the prefix says holds, if it can
  if (named && reference.kind != ReferenceKind::oci_layout && found != ReferenceKind::archive)
    throw Refused("image " + quoted(reference.text) + ": '" + printable(path) + "' is not an archive");
  if (!named) reference.kind = found;
  reference.path = path;
  return reference;
}

}  // namespace sabot::images
