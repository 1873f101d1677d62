// SPDX-License-Identifier: Apache-2.0
// layer.h: one layer's tar becomes entries for the merged tree, and its files' bytes go to the writer.
// Not here: applying the entries (merged_tree.h), where the tar comes from (oci_import.cc, import.cc).
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "images/aci_manifest.h"
#include "images/covered_paths.h"
#include "images/merged_tree.h"
#include "images/notes.h"
#include "images/squashfs/writer.h"
#include "images/tar_reader.h"

namespace sabot::images {

struct LayerRules {
  std::uint32_t number = 0;             ///< 0 is the lowest
  bool has_markers = false;             ///< `.wh.` means something: an OCI layer, not a plain tar
  std::uint64_t max_bytes = 0;          ///< of all files together, holes included
  const CoveredPaths* above = nullptr;  ///< what need not be written; may be null
  const AciRules* aci = nullptr;        ///< an App Container image: see aci_manifest.h; may be null
};

/// What an import collects besides the tree.
struct Collected {
  MergedTree tree;
  Notes notes;
  std::unordered_map<const Inode*, std::string> kept_configs;  ///< content of files at kLaunchConfigPath
};

/// Read all of `tar`. Throws Refused for an entry that breaks a rule (entry_name.h, limits.h).
std::vector<LayerEntry> read_layer(ByteSource& tar, const LayerRules& rules, Collected& collected,
                                   SquashfsWriter& writer);

/// Read the same tar again for files that are seen after all: `wanted` by ordinal. Sets their Inode::data.
void read_layer_again(ByteSource& tar, const std::unordered_map<std::uint32_t, Inode*>& wanted,
                      SquashfsWriter& writer);

/// Of what `layer` has: files that are in the tree, not empty, and were not written. By ordinal.
std::unordered_map<std::uint32_t, Inode*> skipped_files(Node& root, std::uint32_t layer);

/// What notes say of device nodes and sockets.
inline constexpr char kLeftOut[] = "device or socket, left out: a pod has its own";

/// Seconds as squashfs holds them: 0 for what is before 1970, the end of 2106 for what is after.
std::uint32_t squashfs_time(std::int64_t seconds);

/// What squashfs can hold and an image may have: no overlay file system's marks, no foreign name spaces.
std::vector<Xattr> usable_xattrs(std::vector<Xattr> xattrs, std::string_view path, Notes& notes);

}  // namespace sabot::images
