// SPDX-License-Identifier: Apache-2.0
// test_registry_credentials.cc: whose name and secret a registry is shown, out of each kind of file.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include <cstdlib>

#include "images/registry/credentials.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images::registry;
using namespace sabot::images::test;
using Catch::Contains;
using sabot::Refused;

namespace {
constexpr const char* kConfig = R"({"auths":{
  "q.io":{"auth":"YTpob3N0"}, "https://q.io/team/":{"auth":"YTp0ZWFt"}, "q.io/team/app":{"auth":"YjphcHA6eA=="},
  "https://index.docker.io/v1/":{"username":"hub","password":"pw"}, "kept.io":{},
  "token.io":{"auth":"PHRva2VuPjo=","identitytoken":"refresh"}, "ready.io":{"registrytoken":"bearer"}},
  "credHelpers":{"helped.io":"file"}, "other":1})";
std::string secret(const std::string& host, const std::string& repository, const std::string& user = "") {
  const auto login = find_in_docker_config(kConfig, host, repository, user).login;
  return login ? login->user + "/" + login->secret : "none";
}
std::string in_netrc(const std::string& text, const std::string& host, const std::string& user = "") {
  const auto login = find_in_netrc(text, host, user);
  return login ? login->user + "/" + login->secret : "none";
}
}  // namespace

TEST_CASE("base64 is undone with padding and without, and made with it", "[images][registry]") {
  CHECK(decoded_base64("YTpi") == "a:b");
  CHECK(decoded_base64("YTo=") == "a:");
  CHECK(decoded_base64("YTo") == "a:");
  CHECK_FALSE(decoded_base64("Y Tpi").has_value());
  CHECK_FALSE(decoded_base64(std::string("Y\0", 2)).has_value());
  for (const char* text : {"", "a", "ab", "abc", "abcd"}) CHECK(decoded_base64(encoded_base64(text)) == text);
  CHECK(encoded_base64("ab") == "YWI=");
}

TEST_CASE("the most specific entry of a Docker or Podman file is taken", "[images][registry]") {
  CHECK(secret("q.io", "other/app") == "a/host");
  CHECK(secret("q.io", "team/other") == "a/team");
  CHECK(secret("q.io", "team/app") == "b/app:x");
  CHECK(secret("q.io", "team/app", "a") == "a/team");
  CHECK(secret("q.io", "team/app", "c") == "none");
  CHECK(secret("docker.io", "library/x") == "hub/pw");
  CHECK(secret("q.io:5000", "team/app") == "none");
  CHECK(secret("kept.io", "x") == "none");
  CHECK(find_in_docker_config(kConfig, "token.io", "x", "").login->is_identity_token);
  CHECK(find_in_docker_config(kConfig, "ready.io", "x", "").login->registry_token == "bearer");
  CHECK(find_in_docker_config("", "q.io", "x", "").helper.empty());
}

TEST_CASE("a credential helper is named by its host, else by the store of all", "[images][registry]") {
  CHECK(find_in_docker_config(kConfig, "helped.io", "x", "").helper == "file");
  CHECK(find_in_docker_config(kConfig, "q.io", "x", "").helper.empty());
  const DockerEntry all = find_in_docker_config(R"({"credsStore":"pass"})", "docker.io", "x", "");
  CHECK(all.helper == "pass");
  CHECK(all.server == "https://index.docker.io/v1/");
  for (const char* name : {"../x", "/bin/sh", "a b", "-x", ".x", "a;b", "$(x)"})
    CHECK_THROWS_WITH(find_in_docker_config(std::string(R"({"credsStore":")") + name + "\"}", "h", "x", ""),
                      Contains("is no name of a credential helper"));
}

TEST_CASE("a damaged Docker file is refused without showing its secrets", "[images][registry]") {
  for (const char* bad :
       {"[]", "{", R"({"auths":[]})", R"({"auths":{"q.io":1}})", R"({"auths":{"q.io":{"auth":"c2VjcmV0"}}})",
        R"({"auths":{"q.io":{"auth":"s!cr#t"}}})"})
    CHECK_THROWS_WITH(find_in_docker_config(bad, "q.io", "x", ""), !Contains("secret") && !Contains("s!cr"));
}

TEST_CASE("a netrc gives the first machine that fits", "[images][registry]") {
  const std::string text =
      "# comment\nmachine q.io login a password 1\nmachine q.io login b password \"2 3\"\n"
      "machine p.io:5000\n  login c\n  password 4\ndefault login d password 5\n";
  CHECK(in_netrc(text, "q.io") == "a/1");
  CHECK(in_netrc(text, "q.io:5000") == "a/1");
  CHECK(in_netrc(text, "q.io", "b") == "b/2 3");
  CHECK(in_netrc(text, "p.io:5000") == "c/4");
  CHECK(in_netrc(text, "p.io") == "d/5");
  CHECK(in_netrc("machine q.io login a", "q.io") == "none");
  CHECK(in_netrc("machine", "q.io") == "none");
  CHECK(in_netrc("macdef x\nmachine q.io login no password no\n\nmachine q.io login a password 1", "q.io") ==
        "a/1");
}

TEST_CASE("a password of Enroot's that wants a shell is not given to one", "[images][registry]") {
  ::setenv("SABOT_TEST_SECRET", "from the environment", 1);
  CHECK(in_netrc("machine q.io login $oauthtoken password $SABOT_TEST_SECRET", "q.io") ==
        "$oauthtoken/from the environment");
  CHECK(in_netrc("machine q.io login a password ${SABOT_TEST_SECRET}", "q.io") == "a/from the environment");
  for (const char* shell : {"$(cat)", "\"$(touch /tmp/x)\"", "${X:-y}", "$"})
    CHECK_THROWS_WITH(in_netrc(std::string("machine q.io login a password ") + shell, "q.io"),
                      Contains("which is not run"));
  CHECK_THROWS_WITH(in_netrc("machine q.io login a password $SABOT_TEST_ABSENT", "q.io"),
                    Contains("not set"));
  CHECK(in_netrc("machine p.io login a password $(x)", "q.io") == "none");
}

TEST_CASE("the environment's login is for the host that the user named", "[images][registry]") {
  Credentials credentials({"me", "pw", {}, {}}, {});
  CHECK(credentials.find("q.io", "x", "", true)->user == "me");
  CHECK_FALSE(credentials.find("mirror.io", "x", "", false).has_value());
  CHECK_FALSE(credentials.find("q.io", "x", "another", true).has_value());
  Credentials nameless({"", "pw", {}, {}}, {});
  CHECK(nameless.find("q.io", "x", "given", true)->user == "given");
  CHECK_FALSE(nameless.find("q.io", "x", "", true).has_value());
}

TEST_CASE("files are looked at in order, and those that others can read are told", "[images][registry]") {
  const Scratch scratch;
  const std::string config = scratch / "config.json";
  const std::string netrc = scratch / "netrc";
  write_text(config, R"({"credHelpers":{"q.io":"mine"}})");
  write_text(netrc, "machine q.io login n password 1");
  ::chmod(config.c_str(), 0600);
  ::chmod(netrc.c_str(), 0644);
  bool has = true;
  Credentials credentials({"", "", {scratch / "absent", config}, {netrc}},
                          [&](const std::string& name, const std::string& server) -> std::optional<Login> {
                            CHECK(name == "mine");
                            CHECK(server == "q.io");
                            if (!has) return std::nullopt;
                            return Login{"h", "2", false, "", ""};
                          });
  CHECK(credentials.find("q.io", "x", "", true)->origin == "docker-credential-mine");
  has = false;
  CHECK(credentials.find("q.io", "x", "", true)->origin == netrc);
  CHECK(credentials.looked_at() == config + ", docker-credential-mine, " + netrc);
  REQUIRE_FALSE(credentials.warnings().empty());
  CHECK_THAT(credentials.warnings()[0], Contains("others can read the secrets in " + netrc));
  CHECK_FALSE(credentials.find("p.io", "x", "", true).has_value());
}
