// SPDX-License-Identifier: Apache-2.0
// sif.h: where in a SIF file (Apptainer, SingularityCE) its root file system lies. The file is not converted:
// the squashfs in it is used at its place. Not here: what Apptainer keeps in that squashfs
// (foreign_config.h), signatures in the SIF, which are not checked.
#pragma once

#include <cstdint>
#include <optional>

namespace sabot::images {

struct FilePiece {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// The primary system partition of `fd`, a regular file; none where it is no SIF.
/// Throws      Refused: a SIF of another version or architecture, without such a partition, whose partition
/// is no
///             plain squashfs (ext3, encrypted), or whose tables or partition lie outside of the file
/// Source      apptainer/sif, version 01 of the format
std::optional<FilePiece> find_sif_partition(int fd);

}  // namespace sabot::images
