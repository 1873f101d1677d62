// SPDX-License-Identifier: Apache-2.0
// shell_words.cc: see shell_words.h.
#include "images/shell_words.h"

#include <cctype>
#include <optional>
#include <vector>

namespace sabot::images {
namespace {

constexpr std::string_view kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t kMaxValueBytes = 128 * 1024;  // MAX_ARG_STRLEN: no longer variable can be passed on
constexpr std::size_t kMaxBraces = 16;              // ${A:-${B:-...}} within each other

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_name_byte(char c) { return is_letter(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// One line, read from left to right; any call that returns false has met what is no plain assignment.
class Line {
 public:
  Line(std::string_view text, const ShellVariables& known) : text_(text), known_(known) {}

  bool assignments(ShellVariables& found) {
    skip_blanks();
    if (text_.substr(at_).starts_with("export ") || text_.substr(at_).starts_with("export\t")) at_ += 6;
    for (skip_blanks(); !at_end(); skip_blanks()) {
      const std::string_view name = take_name();
      if (name.empty() || peek() != '=') return false;
      ++at_;
      std::string value;
      if (!word(value)) return false;
      found[std::string(name)] = value;
    }
    return true;
  }

 private:
  /// What is open around the current character: "..." or ${NAME:-...}
  struct Open {
    bool brace;
    bool drop;  // the word of a ${NAME:-WORD} whose NAME is known
  };

  bool at_end() const { return at_ >= text_.size() || text_[at_] == '#'; }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (is_blank(peek())) ++at_;
  }

  std::string_view take_name() {
    const std::size_t begin = at_;
    if (!is_letter(peek())) return {};
    while (is_name_byte(peek())) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  bool word(std::string& value) {
    open_.clear();
    while (at_ < text_.size() && value.size() < kMaxValueBytes) {
      const char c = text_[at_];
      if (open_.empty() && is_blank(c)) return true;
      ++at_;
      if (!character(c, value)) return false;
    }
    return open_.empty() && at_ >= text_.size();
  }

  bool quoted() const { return !open_.empty() && !open_.back().brace; }

  bool character(char c, std::string& value) {
    if (c == '"') {
      if (quoted()) {
        open_.pop_back();
      } else {
        open_.push_back({false, dropping()});
      }
    } else if (c == '}' && !open_.empty() && open_.back().brace) {
      open_.pop_back();
    } else if (c == '\\') {
      return escaped(value);
    } else if (c == '$') {
      return variable(value);
    } else if (c == '\'' && !quoted()) {
      return single_quoted(value);
    } else if (c == '`' || (!quoted() && std::string_view(";&|<>()*?[~").find(c) != std::string_view::npos)) {
      return false;
    } else {
      put(c, value);
    }
    return open_.size() <= kMaxBraces;
  }

  bool dropping() const { return !open_.empty() && open_.back().drop; }
  void put(char c, std::string& value) const {
    if (!dropping()) value += c;
  }

  bool escaped(std::string& value) {
    if (at_ >= text_.size()) return false;  // the line goes on
    const char c = text_[at_++];
    if (quoted() && std::string_view("\\\"`$").find(c) == std::string_view::npos) put('\\', value);
    put(c, value);
    return true;
  }

  bool single_quoted(std::string& value) {
    const std::size_t end = text_.find('\'', at_);
    if (end == std::string_view::npos) return false;
    for (; at_ < end; ++at_) put(text_[at_], value);
    ++at_;
    return true;
  }

  /// After a `$`.
  bool variable(std::string& value) {
    const bool brace = peek() == '{';
    if (brace) ++at_;
    const std::string_view name = take_name();
    if (name.empty()) return false;
    const std::optional<std::string> known = lookup(name);
    if (known && !dropping()) value += *known;
    if (!brace) return known || dropping();
    if (peek() == '}') {
      ++at_;
      return known || dropping();
    }
    if (!text_.substr(at_).starts_with(":-")) return false;
    at_ += 2;
    open_.push_back({true, (known && !known->empty()) || dropping()});
    return true;
  }

  std::optional<std::string> lookup(std::string_view name) const {
    const auto found = known_.find(std::string(name));
    if (found != known_.end()) return found->second;
    if (name == "PATH") return std::string(kUsualPath);
    return std::nullopt;
  }

  std::string_view text_;
  const ShellVariables& known_;
  std::size_t at_ = 0;
  std::vector<Open> open_;
};

}  // namespace

void read_assignments(std::string_view line, ShellVariables& variables) {
  ShellVariables found;
  if (!Line(line, variables).assignments(found)) return;
  for (auto& [name, value] : found) variables[name] = std::move(value);
}

}  // namespace sabot::images
