// SPDX-License-Identifier: Apache-2.0
// netrc.cc: a login in a netrc, or in Enroot's .credentials, which is one whose passwords may be variables.
// Read, never evaluated: Enroot gives such a password to a shell. See credentials.h.
#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "images/registry/credentials.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images::registry {
namespace {

constexpr std::size_t kNetrcBytes = std::size_t{64} << 10;

// Words between blanks; "in quotes" with \" and \\; a # that begins a word ends the line.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  bool next(std::string& word) {
    skip_blanks();
    if (rest_.empty()) return false;
    word.clear();
    if (rest_.front() == '"') return quoted(word);
    const std::size_t end = std::min(rest_.find_first_of(" \t\r\n"), rest_.size());
    word = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return true;
  }

  /// A macro goes to the next empty line.
  void skip_macro() {
    const std::size_t end = rest_.find("\n\n");
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end);
  }

 private:
  void skip_blanks() {
    for (;;) {
      while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front())) != 0)
        rest_.remove_prefix(1);
      if (!rest_.starts_with('#')) return;
      rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    }
  }

  bool quoted(std::string& word) {
    std::size_t i = 1;
    for (; i < rest_.size() && rest_[i] != '"'; ++i) {
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      word += rest_[i];
    }
    rest_.remove_prefix(std::min(i + 1, rest_.size()));
    return true;
  }

  std::string_view rest_;
};

struct Machine {
  std::string name;  // empty: `default`
  Login login;
};

bool is_variable(std::string_view name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

std::string without_shell(const std::string& password) {
  if (!password.starts_with('$')) return password;
  std::string name = password.substr(1);
  if (name.starts_with('{') && name.ends_with('}')) name = name.substr(1, name.size() - 2);
  if (!is_variable(name))
    throw Refused(
        "a password there is a command for a shell, which is not run; write a variable ($NAME), or use a "
        "credential helper (credHelpers in ~/.docker/config.json)");
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) throw Refused("the password there is $" + name + ", which is not set");
  return value;
}

std::string without_port(const std::string& host) {
  const std::size_t colon = host.rfind(':');
  return colon == host.npos || host.find(']', colon) != host.npos ? host : host.substr(0, colon);
}

std::vector<Machine> machines_in(std::string_view text) {
  std::vector<Machine> machines;
  Words words(text);
  for (std::string word, value; words.next(word);) {
    if (word == "default") {
      machines.push_back({});
    } else if (word == "macdef") {
      words.skip_macro();
    } else if (!words.next(value)) {
      break;
    } else if (word == "machine") {
      machines.push_back({value, {}});
    } else if (!machines.empty() && word == "login") {
      machines.back().login.user = value;
    } else if (!machines.empty() && word == "password") {
      machines.back().login.secret = value;
    }
  }
  return machines;
}

}  // namespace

std::optional<Login> find_in_netrc(std::string_view text, const std::string& host, const std::string& user) {
  if (text.size() > kNetrcBytes) throw Refused("larger than the limit of 64 KiB");
  for (Machine& machine : machines_in(text)) {
    if (!machine.name.empty() && machine.name != host && machine.name != without_port(host)) continue;
    if (machine.login.secret.empty() || (!user.empty() && machine.login.user != user)) continue;
    machine.login.secret = without_shell(machine.login.secret);
    return machine.login;
  }
  return std::nullopt;
}

}  // namespace sabot::images::registry
