// SPDX-License-Identifier: Apache-2.0
// settings.h: the grammar of the site configuration: lines of `name value`, `#` starts a comment.
// Not here: what the names mean (launcher/site_config.h).
#pragma once

#include <stddef.h>
#include <string.h>

namespace sabot {

/// The kernel-side limit of a site configuration; a larger file is refused.
inline constexpr size_t kSettingsBytes = 64 * 1024;

struct Setting {
  const char* name;
  size_t name_bytes;
  const char* value;  // may be empty; no surrounding blanks
  size_t value_bytes;
  unsigned line;

  bool is(const char* wanted) const {
    return strlen(wanted) == name_bytes && memcmp(wanted, name, name_bytes) == 0;
  }
};

/// Walks the settings of `text`.
class SettingsReader {
 public:
  SettingsReader(const char* text, size_t bytes) : at_(text), end_(text + bytes) {}
  bool next(Setting* setting) {
    while (at_ < end_) {
      ++line_;
      const char* newline = static_cast<const char*>(memchr(at_, '\n', static_cast<size_t>(end_ - at_)));
      const char* stop = newline != nullptr ? newline : end_;
      const char* from = at_;
      at_ = newline != nullptr ? newline + 1 : end_;
      while (from < stop && is_blank(*from)) ++from;
      while (stop > from && is_blank(stop[-1])) --stop;
      if (from == stop || *from == '#') continue;
      const char* name_end = from;
      while (name_end < stop && !is_blank(*name_end)) ++name_end;
      const char* value = name_end;
      while (value < stop && is_blank(*value)) ++value;
      *setting = {from, static_cast<size_t>(name_end - from), value, static_cast<size_t>(stop - value),
                  line_};
      return true;
    }
    return false;
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
  const char* at_;
  const char* end_;
  unsigned line_ = 0;
};

}  // namespace sabot
