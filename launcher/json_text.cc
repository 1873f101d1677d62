// SPDX-License-Identifier: Apache-2.0
// json_text.cc: see json_text.h.
#include "json_text.h"

#include <cstdio>

namespace sabot {

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte >= 0x20 && byte < 0x7f) {
      out += c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out += escaped;
    }
  }
  return out + "\"";
}

void JsonObject::add(const std::string& name, const std::string& value) {
  add_json(name, json_string(value));
}

void JsonObject::add(const std::string& name, std::uint64_t value) { add_json(name, std::to_string(value)); }

void JsonObject::add(const std::string& name, const std::vector<std::string>& values) {
  std::string json = "[";
  for (const std::string& value : values) json += (json.size() > 1 ? "," : "") + json_string(value);
  add_json(name, json + "]");
}

void JsonObject::add_json(const std::string& name, std::string json) {
  while (!json.empty() && json.back() == '\n') json.pop_back();
  members_.emplace_back(name, std::move(json));
}

std::string JsonObject::text() const {
  std::string out = "{";
  for (const auto& [name, json] : members_)
    out += (out.size() > 1 ? "," : "") + json_string(name) + ":" + json;
  return out + "}";
}

std::string JsonObject::lines() const {
  std::string out;
  for (const auto& [name, json] : members_) {
    const bool plain = json.size() >= 2 && json.front() == '"' && json.find('\\') == json.npos;
    out += name + ": " + (plain ? json.substr(1, json.size() - 2) : json) + "\n";
  }
  return out;
}

}  // namespace sabot
