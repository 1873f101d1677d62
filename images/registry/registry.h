// SPDX-License-Identifier: Apache-2.0
// registry.h: one image's repository, wherever it is served: mirrors first, then the registry itself.
// Not here: one host (endpoint.h), layers (download.h), which image of an index (images/image_choice.h).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "images/oci_documents.h"
#include "images/registry/access.h"
#include "images/registry/endpoint.h"
#include "images/registry/name.h"

namespace sabot::images::registry {

struct Document {
  Descriptor descriptor;  ///< what the server called it, and what its bytes are
  std::string text;
};

class Registry {
 public:
  /// `helper` may be empty: no credential helper is run.
  Registry(ImageName name, const AccessRules& rules, CredentialHelper helper);

  /// The manifest or index that the name's digest, else its tag, stands for.
  /// Throws      Refused: not there, no access, not a manifest, schema 1, a digest other than asked for
  Document top();

  /// A manifest or index by its descriptor. Not checked: who reads it does.
  std::string manifest(const Descriptor& document);

  /// A small blob. Not checked likewise.
  std::string small_blob(const Descriptor& blob);

  /// Those that serve the repository, in the order in which they are asked.
  const std::vector<std::unique_ptr<Endpoint>>& endpoints() const { return endpoints_; }
  const ImageName& name() const { return name_; }
  const std::vector<std::string>& warnings() const { return credentials_.warnings(); }

 private:
  HttpResponse get(const std::string& path, const std::vector<std::string>& headers);

  ImageName name_;
  Credentials credentials_;
  std::vector<std::unique_ptr<Endpoint>> endpoints_;
  HttpClient client_;
};

/// Why an answer other than 200 is none, with the registry's own words where it has some. `what` was asked
/// for.
std::string refusal(const HttpResponse& response, const std::string& host, const std::string& what);

}  // namespace sabot::images::registry
