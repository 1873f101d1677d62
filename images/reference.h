// SPDX-License-Identifier: Apache-2.0
// reference.h: what a user writes to name an image, and what it turns out to be.
// Not here: opening it (import.h, store.h), which registry a short name means (site configuration).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "images/registry/name.h"

namespace sabot::images {

/// A reference longer than this is refused: no path can be longer (PATH_MAX).
inline constexpr std::size_t kReferenceBytes = 4096;

enum class ReferenceKind {
  path,              ///< `/p` `./p` `../p`: what is there is not known yet, see locate()
  squashfs,          ///< a squashfs file at `path`
  archive,           ///< a tar at `path`, compressed or not, of a root file system or of images
  rootfs_directory,  ///< a directory at `path` that is a root file system
  oci_layout,        ///< an OCI image layout directory at `path`; `selector` may choose within it
  oci_archive,       ///< the same in a tar at `path`
  docker_archive,    ///< what docker save wrote, at `path`; `selector` as in docker_archive.h
  aci,               ///< an App Container image at `path`
  registry,          ///< an image in a registry
  digest,            ///< `sha256:HEX` in the store
  name,              ///< NAME[:TAG] in the store; a bare word, so locate() may find it to be a file
};

struct Reference {
  ReferenceKind kind = ReferenceKind::path;
  std::string text;      ///< as the user wrote it
  std::string path;      ///< kinds with a path
  std::string selector;  ///< oci_*: the org.opencontainers.image.ref.name wanted; docker_archive; else empty
  std::string digest;    ///< `sha256:` and 64 lower-case hex digits
  std::string name;      ///< as the store knows it: canonical_name()
  registry::ImageName registry;
};

/// Read a reference: its grammar alone. Kinds returned: path, digest, name and those with a
/// prefix.
/// `default_registry`  HOST[:PORT] of a docker:// name without one; empty: Docker Hub
/// Throws      Refused: empty, longer than kReferenceBytes, control characters, a malformed digest or name
/// Source      docs: design "Image references"; pure
Reference parse_reference(std::string_view text, const std::string& default_registry = "");

/// A bare NAME as an image in a registry, for who has not found it elsewhere: one that names its host, or
/// any where `default_registry` is not empty. Others stay as they are.
Reference in_registry(Reference reference, const std::string& default_registry);

/// Look at the file system: a path becomes squashfs, archive, rootfs_directory or oci_layout; a bare word
/// that names an existing file (not a directory: `./` says that) becomes that file; the rest stays as it is.
/// `dir_fd`    what relative paths are relative to: AT_FDCWD for the working directory
/// Throws      Error where a path does not exist or cannot be opened; Refused for a device, socket or FIFO
Reference locate(Reference reference, int dir_fd);

/// A name's one spelling: without `:latest`, which is what no tag means.
/// Throws      Refused: empty, longer than 80 bytes, characters other than A-Z a-z 0-9 . _ - /, a component
///             that is empty or begins with `.` or `-`, a tag with a slash
std::string canonical_name(std::string_view name);

/// True for `sha256:` and 64 lower-case hex digits.
bool is_sha256_digest(std::string_view text);

}  // namespace sabot::images
