// SPDX-License-Identifier: Apache-2.0
// challenge.cc: see challenge.h.
#include "images/registry/challenge.h"

#include <algorithm>
#include <cctype>

namespace sabot::images::registry {
namespace {

constexpr std::size_t kChallenges = 16;
constexpr std::size_t kParameters = 16;
constexpr std::size_t kValueBytes = 4096;

bool is_token_byte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void read(std::vector<Challenge>& into) {
    while (into.size() < kChallenges) {
      skip(", \t");
      std::string word = token();
      if (word.empty()) return;
      skip(" \t");
      if (rest_.starts_with('=') && !into.empty()) {
        if (!parameter(into.back(), word)) return;
      } else {
        into.push_back({lowered(std::move(word)), {}});
      }
    }
  }

 private:
  void skip(std::string_view what) {
    while (!rest_.empty() && what.find(rest_.front()) != what.npos) rest_.remove_prefix(1);
  }

  std::string token() {
    std::size_t end = 0;
    while (end < rest_.size() && is_token_byte(rest_[end])) ++end;
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return word;
  }

  bool parameter(Challenge& challenge, const std::string& name) {
    rest_.remove_prefix(1);
    skip(" \t");
    std::string value;
    if (rest_.starts_with('"')) {
      if (!quoted(value)) return false;
    } else {
      value = token();
    }
    if (value.size() <= kValueBytes && challenge.parameters.size() < kParameters)
      challenge.parameters.emplace(lowered(name), value);
    return true;
  }

  bool quoted(std::string& value) {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return true;
      }
      if (rest_[i] == '\\' && ++i == rest_.size()) return false;
      value += rest_[i];
    }
    return false;
  }

  std::string_view rest_;
};

}  // namespace

std::vector<Challenge> parse_challenges(const std::vector<std::string>& headers) {
  std::vector<Challenge> all;
  for (const std::string& header : headers) Reader(header).read(all);
  return all;
}

}  // namespace sabot::images::registry
