// SPDX-License-Identifier: Apache-2.0
// certs.h: certificates for one registry: DIRECTORY/HOST[:PORT]/*.crt are authorities to trust, NAME.cert
// with NAME.key what is shown to it.
#pragma once

#include <string>
#include <vector>

#include "images/registry/http.h"

namespace sabot::images::registry {

/// The files of the first directory in `folders` that has one for `host`; none is no failure.
/// Throws      Error or Refused for a file there that cannot be read, a .cert without its .key
/// Source      containers-certs.d(5)
TlsFiles certificates_for(const std::vector<std::string>& folders, const std::string& host);

}  // namespace sabot::images::registry
