// SPDX-License-Identifier: Apache-2.0
// json_text.h: one flat object as JSON for programs, or as lines for people. Writing only; parsing is
// images/.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sabot {

class JsonObject {
 public:
  void add(const std::string& name, const std::string& value);
  void add(const std::string& name, std::uint64_t value);
  void add(const std::string& name, const std::vector<std::string>& values);
  void add_json(const std::string& name, std::string json);  ///< `json` is one already
  std::string text() const;
  std::string lines() const;  ///< "name: value", one per line

 private:
  std::vector<std::pair<std::string, std::string>> members_;  // name, JSON
};

/// `text` in quotes, with what JSON forbids escaped; bytes that are no ASCII as \u00NN.
std::string json_string(const std::string& text);

}  // namespace sabot
