// SPDX-License-Identifier: Apache-2.0
// credentials.cc: where logins are looked for, in which order. See credentials.h.
#include "images/registry/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "sys/error.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sabot::images::registry {
namespace {

constexpr std::size_t kFileBytes = std::size_t{1} << 20;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// "" where the variable is not set or relative.
std::string below(const std::string& folder, const char* path) {
  return folder.starts_with('/') ? folder + path : "";
}

void add(std::vector<std::string>& files, const std::string& file) {
  if (!file.empty()) files.push_back(file);
}

}  // namespace

CredentialPlaces credential_places() {
  CredentialPlaces places;
  places.environment_user = variable("SABOT_REGISTRY_USERNAME");
  places.environment_secret = variable("SABOT_REGISTRY_PASSWORD");
  const std::string home = variable("HOME");
  const std::string config =
      below(variable("XDG_CONFIG_HOME"), "").empty() ? below(home, "/.config") : variable("XDG_CONFIG_HOME");
  add(places.docker_files, variable("REGISTRY_AUTH_FILE"));
  add(places.docker_files, below(variable("XDG_RUNTIME_DIR"), "/containers/auth.json"));
  add(places.docker_files, below(config, "/containers/auth.json"));
  const std::string docker = variable("DOCKER_CONFIG");
  add(places.docker_files, docker.empty() ? below(home, "/.docker/config.json") : docker + "/config.json");
  const std::string enroot = variable("ENROOT_CONFIG_PATH");
  add(places.netrc_files, (enroot.empty() ? below(config, "/enroot") : enroot) + "/.credentials");
  const std::string netrc = variable("NETRC");
  add(places.netrc_files, netrc.empty() ? below(home, "/.netrc") : netrc);
  return places;
}

std::optional<Login> Credentials::find(const std::string& host, const std::string& repository,
                                       const std::string& user, bool named_by_user) {
  looked_at_.clear();
  if (named_by_user && !places_.environment_secret.empty()) {
    looked_at_.emplace_back("SABOT_REGISTRY_USERNAME");
    const std::string& own = places_.environment_user.empty() ? user : places_.environment_user;
    if (!own.empty() && (user.empty() || user == own))
      return Login{own, places_.environment_secret, false, "", "SABOT_REGISTRY_USERNAME"};
  }
  for (const std::string& file : places_.docker_files)
    if (auto login = in_docker_file(file, host, repository, user)) return login;
  for (const std::string& file : places_.netrc_files)
    if (auto login = in_netrc_file(file, host, user)) return login;
  return std::nullopt;
}

std::string Credentials::looked_at() const {
  std::string list;
  for (const std::string& place : looked_at_) list += (list.empty() ? "" : ", ") + printable(place);
  return list.empty() ? "no file is there" : list;
}

std::optional<Login> Credentials::in_docker_file(const std::string& path, const std::string& host,
                                                 const std::string& repository, const std::string& user) {
  const Context doing{"credentials in " + printable(path)};
  const std::optional<std::string> text = read_secret_file(path);
  if (!text) return std::nullopt;
  DockerEntry entry = find_in_docker_config(*text, host, repository, user);
  if (!entry.helper.empty() && helper_) {
    looked_at_.push_back("docker-credential-" + entry.helper);
    std::optional<Login> login = helper_(entry.helper, entry.server);
    if (login && (user.empty() || login->user == user)) {
      login->origin = "docker-credential-" + entry.helper;
      return login;
    }
  }
  if (entry.login) entry.login->origin = path;
  return entry.login;
}

std::optional<Login> Credentials::in_netrc_file(const std::string& path, const std::string& host,
                                                const std::string& user) {
  const Context doing{"credentials in " + printable(path)};
  const std::optional<std::string> text = read_secret_file(path);
  if (!text) return std::nullopt;
  std::optional<Login> login = find_in_netrc(*text, host, user);
  if (login) login->origin = path;
  return login;
}

// A file of somebody else's is not believed; one that others can read is, with a warning.
std::optional<std::string> Credentials::read_secret_file(const std::string& path) {
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!fd.valid() && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) return std::nullopt;
  check(fd.get(), "open");
  struct stat st {};
  check(::fstat(fd.get(), &st), "fstat");
  if (!S_ISREG(st.st_mode)) return std::nullopt;
  looked_at_.push_back(path);
  if (st.st_uid != ::geteuid()) {
    warnings_.push_back(printable(path) + " belongs to user " + std::to_string(st.st_uid) +
                        ": not read; make a copy of your own");
    return std::nullopt;
  }
  if ((st.st_mode & 077) != 0)
    warnings_.push_back("others can read the secrets in " + printable(path) + "; chmod 600 it");
  return read_all(fd.get(), kFileBytes);
}

}  // namespace sabot::images::registry
