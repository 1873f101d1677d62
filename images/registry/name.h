// SPDX-License-Identifier: Apache-2.0
// name.h: an image in a registry as users write it, in its parts.
//   docker://[USER@][HOST[:PORT]/]NAME[:TAG][@sha256:HEX]      and HOST[:PORT]#NAME..., as Enroot writes it
// Not here: what is asked of the registry (endpoint.h), other kinds of references (images/reference.h).
#pragma once

#include <string>
#include <string_view>

namespace sabot::images::registry {

/// What `docker://NAME` without a host means where the site names no default, as everywhere.
inline constexpr char kDockerHub[] = "docker.io";

struct ImageName {
  std::string user;        ///< empty: not said
  std::string host;        ///< HOST or HOST:PORT, lower case; `docker.io` for Docker Hub under any name of it
  std::string repository;  ///< on Docker Hub with `library/` where nothing else was written
  std::string tag;         ///< empty only where there is a digest
  std::string digest;      ///< `sha256:HEX`, or empty. It decides where there is a tag too

  /// `HOST/REPOSITORY[:TAG][@DIGEST]`: what messages and the store call it. Without the user.
  std::string text() const;
};

/// Read what follows `docker://`, or a bare name.
/// `default_host`  what a name without a host is in; empty: kDockerHub
/// Throws      Refused, quoting `text`: a part outside the grammar of distribution-spec 1.1; a digest other
///             than sha256; a password; longer than 255 bytes without tag and digest
/// Source      distribution-spec 1.1 "Pulling manifests"; the host rule of the Docker engine; pure
ImageName parse_image_name(std::string_view text, const std::string& default_host);

}  // namespace sabot::images::registry
