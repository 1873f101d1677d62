// SPDX-License-Identifier: Apache-2.0
// site_config.cc: see site_config.h.
#include "site_config.h"

#include <fcntl.h>
#include <pwd.h>

#include "duration.h"
#include "images/registry/url.h"
#include "mount_option.h"
#include "pin_words.h"
#include "size.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/settings.h"
#include "trusted_file.h"

namespace sabot {
namespace {

std::uint64_t size_of(const std::string& value) {
  const std::optional<std::uint64_t> bytes = parse_size(value);
  if (!bytes)
    throw Refused("'" + printable(value) + "' is no size; write bytes, or a number with K, M, G or T");
  return *bytes;
}

std::int64_t duration_of(const std::string& value) {
  const std::optional<std::int64_t> seconds = parse_duration(value);
  if (!seconds)
    throw Refused("'" + printable(value) + "' is no duration; write a number with s, m, h, d or w");
  return *seconds;
}

bool yes_or_no(const std::string& value) {
  if (value == "yes") return true;
  if (value == "no") return false;
  throw Refused("'" + printable(value) + "' is neither yes nor no");
}

std::string absolute(const std::string& value) {
  if (value.empty() || value.front() != '/') throw Refused("'" + printable(value) + "' is no absolute path");
  return value;
}

std::string pin_word(const std::string& value) {
  for (const char* word : kPinWords)
    if (value == word) return value;
  throw Refused("'" + printable(value) + "' is no place to pin to; see sabot.conf(5)");
}

std::string with_user(std::string value, const std::string& user) {
  for (std::size_t at = value.find("%u"); at != value.npos; at = value.find("%u", at + user.size()))
    value.replace(at, 2, user);
  return value;
}

// A mistake of the site's is none of the command line's.
std::vector<Mount> site_mounts(const std::string& value) try {
  return parse_mounts(value, "/", "site configuration");
} catch (const UsageError& e) {
  throw Refused(e.what());
}

std::string registry_host(const std::string& value) {
  images::registry::parse_authority(value, true);
  return value;
}

// "docker.io cache.site:5000/hub"
images::registry::Mirror registry_mirror(const std::string& value) {
  const std::size_t host_end = value.find_first_of(" \t");
  if (host_end == value.npos) throw Refused("a registry's host and its mirror's are needed");
  const std::string at = value.substr(value.find_first_not_of(" \t", host_end));
  registry_host(at.substr(0, at.find('/')));
  return {registry_host(value.substr(0, host_end)), at};
}

void apply(SiteConfig& site, const Setting& setting, const std::string& user_name) {
  const std::string value(setting.value, setting.value_bytes);
  if (setting.is("store")) {
    site.store = with_user(absolute(value), user_name);
  } else if (setting.is("default_registry")) {
    site.registry.default_registry = registry_host(value);
  } else if (setting.is("registry_mirror")) {
    site.registry.mirrors.push_back(registry_mirror(value));
  } else if (setting.is("insecure_registry")) {
    site.registry.insecure.push_back(registry_host(value));
  } else if (setting.is("registry_certs")) {
    site.registry.certs.push_back(absolute(value));
  } else if (setting.is("site_store")) {
    site.site_stores.push_back(with_user(absolute(value), user_name));
  } else if (setting.is("pull")) {
    site.pull = images::parse_pull_policy(value);
  } else if (setting.is("lease")) {
    site.lease_s = duration_of(value);
  } else if (setting.is("mount")) {
    for (Mount& mount : site_mounts(with_user(value, user_name))) site.mounts.push_back(std::move(mount));
  } else if (setting.is("no_mount")) {
    site.without_mounts.push_back(absolute(value));
  } else if (setting.is("tmp_size")) {
    site.tmp_bytes = size_of(value);
  } else if (setting.is("writable_size")) {
    site.writable_bytes = size_of(value);
  } else if (setting.is("mount_home")) {
    site.mount_home = yes_or_no(value);
  } else if (setting.is("remap_root")) {
    site.remap_root = yes_or_no(value);
  } else if (setting.is("pin")) {
    site.pin = pin_word(value);
  } else if (setting.is("topology")) {
    site.topology = absolute(value);
  } else if (setting.is("start_profile")) {
    site.start_profile = yes_or_no(value);
  } else if (setting.is("writable")) {
    site.writable = yes_or_no(value);
  } else {
    throw Refused("unknown name '" + printable({setting.name, setting.name_bytes}) + "'; see sabot.conf(5)");
  }
}

std::string user_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

}  // namespace

SiteConfig parse_site_config(const std::string& text, const std::string& user_name) {
  SiteConfig site;
  SettingsReader settings(text.data(), text.size());
  Setting setting{};
  while (settings.next(&setting)) {
    const Context doing{"line " + std::to_string(setting.line)};
    apply(site, setting, user_name);
  }
  return site;
}

SiteConfig read_site_config(const std::string& file) {
  const Context doing{"site configuration " + file};
  const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd.valid() && errno == ENOENT) return {};
  check(fd.get(), "open");
  require_trusted(fd.get(), file);
  return parse_site_config(read_all(fd.get(), kSettingsBytes), user_name());
}

}  // namespace sabot
