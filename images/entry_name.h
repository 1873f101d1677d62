// SPDX-License-Identifier: Apache-2.0
// entry_name.h: what the name of a tar entry says: a place in the image, or one of the layer format's
// markers.
#pragma once

#include <string>
#include <string_view>

namespace sabot::images {

/// `raw` without leading slashes, `.` components and doubled slashes; empty for the root itself.
/// Throws      Refused: `..` anywhere ("leaves the image root"), longer than kMaxPathBytes, a component
/// longer
///             than kMaxNameBytes, more than kMaxDepth of them
/// Source      image-spec 1.1 layer.md; tar(5). Pure
std::string normalise_entry_name(std::string_view raw);

struct LayerName {
  enum class Kind {
    entry,     ///< `path` is added
    whiteout,  ///< `path` of lower layers is hidden
    opaque,    ///< what lower layers have below `path` is hidden
    ignored,   ///< AUFS's own, or something below a marker; to be dropped
  };
  Kind kind = Kind::entry;
  std::string path;
};

/// The same for an entry of an OCI layer, where `.wh.` means something.
/// Throws      also Refused: a whiteout that names nothing, `.` or `..`
LayerName read_layer_name(std::string_view raw);

/// `a/b` -> {"a", "b"}; `b` -> {"", "b"}.
std::pair<std::string_view, std::string_view> split_name(std::string_view path);

}  // namespace sabot::images
