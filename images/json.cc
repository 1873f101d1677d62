// SPDX-License-Identifier: Apache-2.0
// json.cc: the one file that includes nlohmann_json: events in, a plain tree out. See json.h.
#include "images/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return add({}) != nullptr; }
  bool boolean(bool value) override {
    JsonValue* v = add(JsonValue::Kind::boolean);
    v->boolean = value;
    return true;
  }
  bool number_integer(number_integer_t value) override {
    add(JsonValue::Kind::integer)->integer = value;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    const bool fits = value <= static_cast<number_unsigned_t>(INT64_MAX);
    JsonValue* v = add(fits ? JsonValue::Kind::integer : JsonValue::Kind::real);
    if (fits) v->integer = static_cast<std::int64_t>(value);
    return true;
  }
  bool number_float(number_float_t, const string_t&) override {
    return add(JsonValue::Kind::real) != nullptr;
  }
  bool string(string_t& value) override {
    add(JsonValue::Kind::string)->string = std::move(value);
    return true;
  }
  bool binary(binary_t&) override { return false; }  // not in text
  bool start_object(std::size_t) override { return open(JsonValue::Kind::object); }
  bool start_array(std::size_t) override { return open(JsonValue::Kind::list); }
  bool key(string_t& name) override {
    key_ = std::move(name);
    return true;
  }
  bool end_object() override {
    refuse_twins(*open_.back());
    open_.pop_back();
    return true;
  }
  bool end_array() override {
    open_.pop_back();
    return true;
  }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::json::exception&) override {
    throw Refused("not valid JSON near byte " + std::to_string(at));
  }

  JsonValue take() { return std::move(root_); }

 private:
  JsonValue* add(JsonValue::Kind kind) {
    if (++values_ > kJsonValues)
      throw Refused("JSON with more than " + std::to_string(kJsonValues) + " values");
    JsonValue* value = &root_;
    if (!open_.empty()) {
      JsonValue& into = *open_.back();
      value = into.kind == JsonValue::Kind::object
                  ? &into.members.emplace_back(JsonMember{std::move(key_), {}}).value
                  : &into.items.emplace_back();
    }
    value->kind = kind;
    return value;
  }
  bool open(JsonValue::Kind kind) {
    if (open_.size() >= static_cast<std::size_t>(kJsonDepth))
      throw Refused("JSON deeper than " + std::to_string(kJsonDepth) + " levels");
    open_.push_back(add(kind));  // stays valid: its siblings are added only after it is closed
    return true;
  }
  static void refuse_twins(const JsonValue& object) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : object.members) names.push_back(name);
    std::sort(names.begin(), names.end());
    const auto twin = std::adjacent_find(names.begin(), names.end());
    if (twin != names.end()) throw Refused("JSON with the member '" + printable(*twin) + "' twice");
  }

  JsonValue root_;
  std::vector<JsonValue*> open_;
  std::string key_;
  std::size_t values_ = 0;
};

}  // namespace

JsonValue parse_json(std::string_view text) {
  if (text.size() > kJsonBytes)
    throw Refused("JSON larger than the limit of " + std::to_string(kJsonBytes) + " bytes");
  if (text.starts_with("\xef\xbb\xbf")) throw Refused("JSON that begins with a byte order mark");
  TreeBuilder builder;
  const bool strict = true;  // nothing but blanks after the value
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder, nlohmann::json::input_format_t::json,
                                 strict))
    throw Refused("not valid JSON");
  return builder.take();
}

}  // namespace sabot::images
