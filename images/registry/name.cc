// SPDX-License-Identifier: Apache-2.0
// name.cc: see name.h.
#include "images/registry/name.h"

#include <algorithm>

#include "images/reference.h"
#include "images/registry/url.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images::registry {
namespace {

constexpr std::size_t kNameBytes = 255;
constexpr std::size_t kTagBytes = 128;
constexpr std::size_t kUserBytes = 128;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*
bool is_component(std::string_view part) {
  if (part.empty() || !is_lower_or_digit(part.front()) || !is_lower_or_digit(part.back())) return false;
  for (std::size_t i = 0; i < part.size();) {
    if (is_lower_or_digit(part[i])) {
      ++i;
      continue;
    }
    const std::size_t end = std::min(part.find_first_not_of(part[i], i), part.size());
    const std::size_t count = end - i;
    if (part[i] != '-' && !(part[i] == '.' && count == 1) && !(part[i] == '_' && count <= 2)) return false;
    i = end;
  }
  return true;
}

bool is_repository(std::string_view name) {
  for (;;) {
    const std::size_t slash = name.find('/');
    if (!is_component(name.substr(0, slash))) return false;
    if (slash == name.npos) return true;
    name.remove_prefix(slash + 1);
  }
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > kTagBytes || tag[0] == '.' || tag[0] == '-') return false;
  return std::all_of(tag.begin(), tag.end(), [](char c) {
    return is_lower_or_digit(c) || is_upper(c) || c == '_' || c == '.' || c == '-';
  });
}

bool is_user(std::string_view user) {
  return !user.empty() && user.size() <= kUserBytes && std::all_of(user.begin(), user.end(), [](char c) {
    return is_lower_or_digit(c) || is_upper(c) || std::string_view("._-$+").find(c) != std::string_view::npos;
  });
}

/// The Docker engine's rule: a first component with a dot, a colon or a capital, or `localhost`.
bool is_host_component(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:[") != part.npos ||
         std::any_of(part.begin(), part.end(), is_upper);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), rest_(text) {}

  ImageName parse(const std::string& default_host) {
    take_digest();
    take_user();
    take_host();
    take_tag();
    name_.repository = rest_;
    if (name_.host.empty()) name_.host = default_host.empty() ? kDockerHub : default_host;
    settle_host();
    if (!is_repository(name_.repository) || name_.host.size() + 1 + name_.repository.size() > kNameBytes)
      refuse("its name is not made of lower-case letters, digits, '.', '_', '-' and '/'");
    return name_;
  }

 private:
  [[noreturn]] void refuse(const char* why) const {
    throw Refused("image '" + printable(text_.substr(0, 200)) + "': " + why);
  }

  void take_digest() {
    const std::size_t at = rest_.find("@sha");
    if (at == rest_.npos) return;
    name_.digest = rest_.substr(at + 1);
    rest_ = rest_.substr(0, at);
    if (!is_sha256_digest(name_.digest)) refuse("a digest is sha256: and 64 hex digits in lower case");
  }

  void take_user() {
    const std::size_t at = rest_.find('@');
    if (at == rest_.npos) return;
    name_.user = rest_.substr(0, at);
    rest_ = rest_.substr(at + 1);
    if (name_.user.find(':') != name_.user.npos)
      throw Refused("a password in an image reference would be seen by everyone; see sabot(1), CREDENTIALS");
    if (!is_user(name_.user)) refuse("what stands before '@' is no user name");
  }

  void take_host() {
    const std::size_t hash = rest_.find('#');
    const std::size_t end = hash != rest_.npos ? hash : rest_.find('/');
    if (end == rest_.npos) return;
    if (hash == rest_.npos && !is_host_component(rest_.substr(0, end))) return;
    name_.host = rest_.substr(0, end);
    rest_ = rest_.substr(end + 1);
    if (name_.host.empty()) refuse("it names no host");
  }

  void take_tag() {
    const std::size_t colon = rest_.find(':');
    if (colon != rest_.npos) {
      name_.tag = rest_.substr(colon + 1);
      rest_ = rest_.substr(0, colon);
      if (!is_tag(name_.tag)) refuse("a tag is up to 128 letters, digits, '_', '.', '-'");
    } else if (name_.digest.empty()) {
      name_.tag = "latest";
    }
  }

  void settle_host() {
    const Url url = parse_authority(name_.host, true);
    const bool has_port = name_.host.size() > url.host.size();
    name_.host = url.host + (has_port ? ":" + std::to_string(url.port) : "");
    for (const char* hub : {"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
      if (name_.host == hub) name_.host = kDockerHub;
    if (name_.host == kDockerHub && name_.repository.find('/') == std::string::npos)
      name_.repository.insert(0, "library/");
  }

  std::string_view text_;
  std::string_view rest_;
  ImageName name_;
};

}  // namespace

std::string ImageName::text() const {
  return host + "/" + repository + (tag.empty() ? "" : ":" + tag) + (digest.empty() ? "" : "@" + digest);
}

ImageName parse_image_name(std::string_view text, const std::string& default_host) {
  return Parser(text).parse(default_host);
}

}  // namespace sabot::images::registry
