// SPDX-License-Identifier: Apache-2.0
// credentials.h: whose name and secret a registry is shown: from the environment, the files of Docker,
// Podman, Enroot and netrc, and the programs that keep secrets for them.
// A secret stays in this process: it is in no message, no file, no argument and no child's environment.
// Not here: where it may be sent (endpoint.h), running a credential helper (launcher/credential_helper.h).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sabot::images::registry {

struct Login {
  std::string user;
  std::string secret;
  bool is_identity_token = false;  ///< `secret` is an OAuth2 refresh token, not a password
  std::string registry_token;      ///< a bearer token as it is; then nothing else matters
  std::string origin;              ///< the file, program or variable it is from
};

/// Ask `docker-credential-NAME` for the login of `server`. Returns nothing where it has none.
/// Throws      Refused where it cannot be run or answers nonsense
using CredentialHelper =
    std::function<std::optional<Login>(const std::string& name, const std::string& server)>;

/// Where to look, in this order; what is empty is left out.
struct CredentialPlaces {
  std::string environment_user;           ///< SABOT_REGISTRY_USERNAME
  std::string environment_secret;         ///< SABOT_REGISTRY_PASSWORD
  std::vector<std::string> docker_files;  ///< config.json, auth.json
  std::vector<std::string> netrc_files;   ///< Enroot's .credentials, ~/.netrc
};

/// As the environment of this process has it.
CredentialPlaces credential_places();

class Credentials {
 public:
  explicit Credentials(CredentialPlaces places, CredentialHelper helper)
      : places_(std::move(places)), helper_(std::move(helper)) {}

  /// The first login for `host` (HOST[:PORT]) and `repository`; with `user` only one of that user.
  /// `named_by_user`  the host stands in the reference itself: the environment's login is for that one alone
  /// Throws      Refused for a file that cannot be understood, or a helper that fails
  std::optional<Login> find(const std::string& host, const std::string& repository, const std::string& user,
                            bool named_by_user);

  /// For a message: the files and variables that find() looked at.
  std::string looked_at() const;
  /// What is wrong with the files, one line each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::optional<Login> in_docker_file(const std::string& path, const std::string& host,
                                      const std::string& repository, const std::string& user);
  std::optional<Login> in_netrc_file(const std::string& path, const std::string& host,
                                     const std::string& user);
  std::optional<std::string> read_secret_file(const std::string& path);

  CredentialPlaces places_;
  CredentialHelper helper_;
  std::vector<std::string> looked_at_;
  std::vector<std::string> warnings_;
};

/// What a Docker or Podman file says of a host and repository.
struct DockerEntry {
  std::optional<Login> login;  ///< origin is empty
  std::string helper;          ///< program to ask, without `docker-credential-`; empty: none
  std::string server;          ///< what to ask it for
};
/// `credHelpers` before `credsStore` before `auths`, whose most specific key wins: HOST/NAMESPACE/NAME before
/// HOST. Keys may carry a scheme and `/v1/` or `/v2/`.
/// Throws      Refused: not JSON, `auth` that is no base64, a helper's name outside A-Z a-z 0-9 . _ -
/// Source      containers-auth.json(5), docker-login(1); pure
DockerEntry find_in_docker_config(std::string_view json, const std::string& host,
                                  const std::string& repository, const std::string& user);

/// The first machine of a netrc that fits: `HOST:PORT` or `HOST` without its port; else `default`.
/// A password `$NAME` or `${NAME}` is the value of that variable. Nothing is ever run.
/// Throws      Refused: a password that wants a shell, a variable that is not set, more than 64 KiB
/// Source      Enroot's documentation of .credentials; netrc of ftp(1)
std::optional<Login> find_in_netrc(std::string_view text, const std::string& host, const std::string& user);

/// Base64 of RFC 4648 with or without padding. Nothing where it is none.
std::optional<std::string> decoded_base64(std::string_view text);
std::string encoded_base64(std::string_view bytes);

}  // namespace sabot::images::registry
