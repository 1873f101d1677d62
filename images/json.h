// SPDX-License-Identifier: Apache-2.0
// json.h: a JSON document from outside as a plain tree, read under our limits.
// Not here: what the documents mean (launch_config.h, oci_documents.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "images/launch_config.h"

namespace sabot::images {

/// Values in one document; a 4 MiB document could hold two million empty lists otherwise.
inline constexpr std::size_t kJsonValues = 256 * 1024;

struct JsonMember;

struct JsonValue {
  enum class Kind { null, boolean, integer, real, string, list, object };
  Kind kind = Kind::null;
  bool boolean = false;
  std::int64_t integer = 0;
  std::string string;
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;  ///< in the document's order

  /// The member `name`; null where it is absent or null. Throws Refused when this is not an object.
  const JsonValue* find(std::string_view name) const;
  // These throw Refused, naming the member, where it is there and of another type. Absent: empty, or null.
  std::string string_at(std::string_view name) const;
  const JsonValue* list_at(std::string_view name) const;
  const JsonValue* object_at(std::string_view name) const;
  std::vector<std::string> strings_at(std::string_view name) const;
  /// Throws Refused where the member is absent, not a whole number, or negative.
  std::uint64_t count_at(std::string_view name) const;
};

struct JsonMember {
  std::string name;
  JsonValue value;
};

/// Parse `text`: one value, nothing after it.
/// Throws      Refused: not JSON, not UTF-8, a byte order mark, larger than kJsonBytes, deeper than
/// kJsonDepth,
///             more values than kJsonValues, a member name twice in one object
/// Source      nlohmann_json 3.11, its event parser, which does not recurse; pure
JsonValue parse_json(std::string_view text);

/// Append `text` as a JSON string. Throws Refused where it is not UTF-8.
void append_json_string(std::string& out, std::string_view text);

/// The launch configuration in an image configuration's `config` object.
LaunchConfig launch_config_from(const JsonValue& config);

}  // namespace sabot::images
