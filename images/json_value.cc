// SPDX-License-Identifier: Apache-2.0
// json_value.cc: taking typed members out of a JSON tree, and writing strings. See json.h.
#include <cstdio>

#include "images/json.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

[[noreturn]] void refuse_type(std::string_view name, const char* wanted) {
  throw Refused("'" + printable(name) + "' is not " + wanted);
}

/// Bytes of the UTF-8 sequence at the start of `text`; 0 where it is not one (RFC 3629: no surrogates,
/// shortest).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const unsigned second = byte(1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return length;
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  if (kind != Kind::object)
    throw Refused("an object is missing where '" + std::string(name) + "' is looked for");
  for (const auto& [member, value] : members)
    if (member == name) return value.kind == Kind::null ? nullptr : &value;
  return nullptr;
}

std::string JsonValue::string_at(std::string_view name) const {
  const JsonValue* value = find(name);
  if (value == nullptr) return {};
  if (value->kind != Kind::string) refuse_type(name, "a string");
  return value->string;
}

const JsonValue* JsonValue::list_at(std::string_view name) const {
  const JsonValue* value = find(name);
  if (value != nullptr && value->kind != Kind::list) refuse_type(name, "a list");
  return value;
}

const JsonValue* JsonValue::object_at(std::string_view name) const {
  const JsonValue* value = find(name);
  if (value != nullptr && value->kind != Kind::object) refuse_type(name, "an object");
  return value;
}

std::vector<std::string> JsonValue::strings_at(std::string_view name) const {
  std::vector<std::string> strings;
  const JsonValue* list = list_at(name);
  if (list == nullptr) return strings;
  for (const JsonValue& item : list->items) {
    if (item.kind != Kind::string) refuse_type(name, "a list of strings");
    strings.push_back(item.string);
  }
  return strings;
}

std::uint64_t JsonValue::count_at(std::string_view name) const {
  const JsonValue* value = find(name);
  if (value == nullptr) throw Refused("'" + std::string(name) + "' is missing");
  if (value->kind != Kind::integer || value->integer < 0)
    refuse_type(name, "a whole number that is not negative");
  return static_cast<std::uint64_t>(value->integer);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) throw Refused("'" + printable(text.substr(0, 32)) + "' is not UTF-8");
    const char c = text[0];
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  out += '"';
}

}  // namespace sabot::images
