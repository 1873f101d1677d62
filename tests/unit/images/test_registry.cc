// SPDX-License-Identifier: Apache-2.0
// test_registry.cc: what is decided about a registry without asking one: names, addresses, challenges,
// tokens, retries. Not here: credentials (test_registry_credentials.cc), pulling (tests/e2e/registry).
#include <catch2/catch.hpp>

#include "images/registry/challenge.h"
#include "images/registry/name.h"
#include "images/registry/retry.h"
#include "images/registry/token.h"
#include "images/registry/url.h"
#include "sys/error.h"

using namespace sabot::images::registry;
using Catch::Contains;
using sabot::Refused;

namespace {
const std::string kDigest = "sha256:" + std::string(64, 'a');
std::string read(const std::string& text, const std::string& home = "") {
  return parse_image_name(text, home).text();
}
}  // namespace

TEST_CASE("an image's name in a registry is read as other tools read it", "[images][registry]") {
  CHECK(read("ubuntu") == "docker.io/library/ubuntu:latest");
  CHECK(read("team/app:1") == "docker.io/team/app:1");
  CHECK(read("index.docker.io/team/app") == "docker.io/team/app:latest");
  CHECK(read("quay.io/a/b/c:x_Y.1") == "quay.io/a/b/c:x_Y.1");
  CHECK(read("localhost/a") == "localhost/a:latest");
  CHECK(read("host:5000/a") == "host:5000/a:latest");
  CHECK(read("[::1]:5000/a") == "[::1]:5000/a:latest");
  CHECK(read("HOST/a") == "host/a:latest");
  CHECK(read("nvcr.io#nvidia/pytorch:24.01") == "nvcr.io/nvidia/pytorch:24.01");
  CHECK(read("nodots#a/b") == "nodots/a/b:latest");
  CHECK(read("a/b", "site:5000") == "site:5000/a/b:latest");
  CHECK(read("a@" + kDigest, "site:5000") == "site:5000/a@" + kDigest);
  CHECK(read("q.io/a:1@" + kDigest) == "q.io/a:1@" + kDigest);
  CHECK(parse_image_name("me@q.io/a", "").user == "me");
  CHECK(parse_image_name("$oauthtoken@nvcr.io#a/b", "").user == "$oauthtoken");
}

TEST_CASE("a name that no registry could have is refused", "[images][registry]") {
  for (const std::string& text : {std::string(),
                                  std::string("/a"),
                                  std::string("q.io/"),
                                  std::string("q.io/A"),
                                  std::string("q.io/a//b"),
                                  std::string("q.io/a/../b"),
                                  std::string("q.io/-a"),
                                  std::string("q.io/a___b"),
                                  std::string("q.io/a..b"),
                                  std::string("q.io/a:"),
                                  std::string("q.io/a:.x"),
                                  "q.io/a:" + std::string(129, 'x'),
                                  std::string("q.io/a@sha256:12"),
                                  "q.io/a@sha256:" + std::string(64, 'A'),
                                  "q.io/a@sha512:" + std::string(128, 'a'),
                                  "q.io/" + std::string(300, 'a'),
                                  std::string("q.io:0/a"),
                                  std::string("q.io:99999/a"),
                                  std::string("q.io:x/a"),
                                  std::string("#a"),
                                  std::string("q.io/a?b"),
                                  std::string("q%2e.io/a"),
                                  std::string("[::g]/a"),
                                  std::string("@q.io/a"),
                                  std::string("a b@q.io/a")}) {
    CAPTURE(text.substr(0, 60));
    CHECK_THROWS_AS(read(text), Refused);
  }
  CHECK_THROWS_WITH(read("me:secret@q.io/a"), Contains("would be seen by everyone") && !Contains("secret@"));
}

TEST_CASE("an address is taken apart the way it will be connected to", "[images][registry]") {
  const Url url = parse_url("HTTPS://Host.Example/p?q=1");
  CHECK(url.text() == "https://host.example/p?q=1");
  CHECK(parse_url("http://h").text() == "http://h/");
  CHECK(parse_url("http://h:8080?x").text() == "http://h:8080/?x");
  CHECK(resolve_location(url, "/other").text() == "https://host.example/other");
  CHECK(resolve_location(url, "//cdn.example/x").text() == "https://cdn.example/x");
  CHECK(resolve_location(url, "http://h/x").text() == "http://h/x");
  CHECK(parse_url("https://h:443/").same_origin(parse_url("https://h/x")));
  CHECK_FALSE(parse_url("https://h/").same_origin(parse_url("http://h:443/")));
  for (const char* bad :
       {"", "h", "ftp://h/", "file:///etc/passwd", "http://", "http://u@h/", "http://u:p@h/", "http://h\\@x/",
        "http://h /", "http://h/a b", "http://h/\r\nX: y", "http://h:0/", "http://h:1x/", "http://h#f",
        "http://[::1/", "http://h/#f", "http://-h/"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_url(bad), Refused);
  }
  CHECK_THROWS_AS(resolve_location(url, "relative"), Refused);
  CHECK_THROWS_AS(resolve_location(url, ""), Refused);
}

TEST_CASE("loopback is told by its address alone", "[images][registry]") {
  for (const char* host : {"localhost", "127.0.0.1", "127.9.9.9", "[::1]"}) CHECK(is_loopback(host));
  for (const char* host : {"127.example", "localhost.example", "10.0.0.1", "[::2]", "127.0.0.1.nip.io"})
    CHECK_FALSE(is_loopback(host));
}

TEST_CASE("challenges are read out of any number of headers", "[images][registry]") {
  const auto all =
      parse_challenges({R"(Basic realm="a, b", bEaReR realm="https://t/\"x", Scope=plain)", "Negotiate"});
  REQUIRE(all.size() == 3);
  CHECK(all[0].scheme == "basic");
  CHECK(all[0].parameters.at("realm") == "a, b");
  CHECK(all[1].scheme == "bearer");
  CHECK(all[1].parameters.at("realm") == "https://t/\"x");
  CHECK(all[1].parameters.at("scope") == "plain");
  CHECK(parse_challenges({"Bearer realm=\"open", "Basic"}).size() == 2);
  CHECK(parse_challenges({std::string(100000, ','), "\"", "=", ""}).empty());
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "Basic a=b,";
  CHECK(parse_challenges({many}).size() == 16);
}

TEST_CASE("a token is taken only when a header can hold it", "[images][registry]") {
  CHECK(parse_token(R"({"token":"abc.d"})") == "Authorization: Bearer abc.d");
  CHECK(parse_token(R"({"access_token":"x","expires_in":0})") == "Authorization: Bearer x");
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("[]"), std::string(R"({"token":1})"),
        std::string(R"({"token":"a\r\nX: y"})"), std::string(R"({"token":"a b"})"),
        R"({"token":")" + std::string(20000, 'a') + "\"}", R"({"token":")" + std::string(70000, 'a') + "\"}"})
    CHECK_THROWS_AS(parse_token(bad), Refused);
}

TEST_CASE("a password goes to another host only where all is TLS", "[images][registry]") {
  const auto may = [](const char* registry, const char* realm) {
    return may_send_secret(parse_url(registry), parse_url(realm));
  };
  CHECK(may("https://r", "https://r/token"));
  CHECK(may("https://r", "https://t/token"));
  CHECK(may("http://127.0.0.1:5000", "http://127.0.0.1:5001"));
  CHECK(may("http://old:5000", "https://old/token"));
  CHECK_FALSE(may("https://r", "http://r/token"));
  CHECK_FALSE(may("http://127.0.0.1:5000", "https://t/token"));
  CHECK_FALSE(may("http://old:5000", "https://t/token"));
  CHECK_FALSE(may("http://old:5000", "http://t/token"));
  const Login login{"me", "secret", false, "", "a file"};
  const Challenge challenge{"bearer", {{"realm", "http://t/token?a=b"}, {"scope", "x y"}, {"service", "s&"}}};
  CHECK_THROWS_WITH(token_request(challenge, parse_url("http://old"), &login),
                    Contains("the password is not sent") && !Contains("secret"));
  const HttpRequest anonymous = token_request(challenge, parse_url("http://old"), nullptr);
  CHECK(anonymous.url.target == "/token?a=b&service=s%26&scope=x&scope=y");
  CHECK(anonymous.headers.empty());
}

TEST_CASE("a refresh token is posted, a password is not", "[images][registry]") {
  const Challenge challenge{"bearer", {{"realm", "https://t/token"}, {"scope", "x"}}};
  const Login identity{"<token>", "s+", true, "", ""};
  const HttpRequest posted = token_request(challenge, parse_url("https://r"), &identity);
  CHECK(posted.form == "grant_type=refresh_token&client_id=sabot&refresh_token=s%2B&scope=x");
  CHECK(posted.url.target == "/token");
  const Login password{"me", "pw", false, "", ""};
  CHECK(token_request(challenge, parse_url("https://r"), &password).headers ==
        std::vector<std::string>{"Authorization: Basic bWU6cHc="});
}

TEST_CASE("Retry-After is seconds or a date, and what is neither is none", "[images][registry]") {
  CHECK(retry_after_s("7", 0) == 7);
  CHECK(retry_after_s("Thu, 01 Jan 1970 00:01:40 GMT", 40) == 60);
  CHECK(retry_after_s("Thu, 01 Jan 1970 00:01:40 GMT", 400) == 0);
  for (const char* none : {"", "-5", "soon", "1.5", "Thu, 99 Jan"}) CHECK(retry_after_s(none, 0) == 0);
  CHECK(retry_after_s("1000000000", 0) == 1000000000);
  CHECK(retry_after_s("99999999999999999999999", 0) > 60);
  CHECK_FALSE(Retry{}.again(1000000000));
}

TEST_CASE("a request that fails for good is tried a few times only", "[images][registry]") {
  std::atomic<bool> stop{true};  // waits of no length
  Retry stopped(&stop);
  CHECK_FALSE(stopped.again(0));
  CHECK(is_passing(503));
  CHECK(is_passing(429));
  CHECK_FALSE(is_passing(404));
  CHECK_FALSE(is_passing(401));
}
