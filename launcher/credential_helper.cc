// SPDX-License-Identifier: Apache-2.0
// credential_helper.cc: see credential_helper.h.
#include "credential_helper.h"

#include <cstdlib>

#include "child_output.h"
#include "images/json.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

constexpr int kTimeout_ms = 30'000;

images::registry::Login login_in(const std::string& answer) {
  const images::JsonValue document = images::parse_json(answer);
  if (document.kind != images::JsonValue::Kind::object) throw Refused("its answer is not a JSON object");
  images::registry::Login login;
  login.user = document.string_at("Username");
  login.secret = document.string_at("Secret");
  login.is_identity_token = login.user == "<token>";
  if (login.secret.empty()) throw Refused("its answer has no secret");
  return login;
}

}  // namespace

std::optional<images::registry::Login> ask_credential_helper(const std::string& name,
                                                             const std::string& server) {
  const std::string program = "docker-credential-" + name;
  const Context doing{"credential helper " + program};
  const ChildOutput child =
      run_child({program, "get"}, environment_without({"SABOT_REGISTRY_"}), server + "\n", kTimeout_ms);
  if (child.status == 0) return login_in(child.output);
  if (child.output.find("credentials not found") != std::string::npos) return std::nullopt;
  // It may have said a secret; its status is all that is told.
  throw Refused("failed with status " + std::to_string(child.status) + " for " + printable(server));
}

void forget_registry_secrets() {
  for (const char* name : {"SABOT_REGISTRY_USERNAME", "SABOT_REGISTRY_PASSWORD"}) ::unsetenv(name);
}

}  // namespace sabot
