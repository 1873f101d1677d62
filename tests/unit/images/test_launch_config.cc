// SPDX-License-Identifier: Apache-2.0
// test_launch_config.cc: launch configurations as images have them: written, read, refused.
#include <catch2/catch.hpp>

#include "images/launch_config.h"

using namespace sabot::images;
using Catch::Contains;

TEST_CASE("a launch configuration survives being written and read", "[images][config]") {
  LaunchConfig config;
  config.env = {"PATH=/bin", "QUOTE=\"\\\x01", "UNICODE=\xc3\xa9"};
  config.entrypoint = {"/init", "--"};
  config.cmd = {""};
  config.working_dir = "/srv";
  config.user = "1000:100";
  config.labels = {{"b", "2"}, {"a", "1"}};
  CHECK(parse_launch_config(to_json(config)) == config);
  CHECK(to_json(config) == to_json(parse_launch_config(to_json(config))));
  CHECK(to_json(LaunchConfig{}) == "{}\n");
}

TEST_CASE("the OCI shape of a launch configuration is understood", "[images][config]") {
  const LaunchConfig config = parse_launch_config(
      R"({"Env":["A=1","nothing","=x"],"Entrypoint":null,"Cmd":["sh"],"WorkingDir":"/w","User":"u","Labels":{"l":"v"},"Volumes":{}})");
  CHECK(config.env == std::vector<std::string>{"A=1"});
  CHECK(config.entrypoint.empty());
  CHECK(config.cmd == std::vector<std::string>{"sh"});
  CHECK(config.working_dir == "/w");
  CHECK(config.user == "u");
  CHECK(config.labels.at("l") == "v");
}

TEST_CASE("a launch configuration that is not what it should be is refused", "[images][config]") {
  struct Case {
    std::string json;
    const char* why;
  };
  const Case cases[] = {
      {"", "not valid JSON"},
      {"{", "not valid JSON"},
      {"{} x", "not valid JSON"},
      {"[]", "not a JSON object"},
      {"\xef\xbb\xbf{}", "byte order mark"},
      {R"({"User":"a","User":"b"})", "twice"},
      {R"({"x":{"y":1,"y":2}})", "twice"},
      {std::string(100, '[') + std::string(100, ']'), "deeper"},
      {R"({"Env":{"A":"1"}})", "'Env' is not a list"},
      {R"({"Env":[1]})", "'Env' is not a list of strings"},
      {R"({"Cmd":"sh"})", "'Cmd' is not a list"},
      {R"({"User":"a\nb"})", "newline"},
      {R"({"User":"a\u0000b"})", "NUL"},
      {R"({"Env":["A\n=1"]})", "newline"},
      {R"({"Env":["A=\u0000"]})", "NUL"},
      {R"({"Labels":{"a\n":"1"}})", "newline"},
      {R"({"Labels":{"a":1}})", "'a' is not a string"},
      {"{\"User\":\"\xff\"}", "not valid JSON"},
      {"{\"User\":\"" + std::string(5 << 20, 'x') + "\"}", "larger than the limit"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.json.substr(0, 60));
    CHECK_THROWS_WITH(parse_launch_config(c.json), Contains(c.why));
  }
}

TEST_CASE("JSON a hundred thousand levels deep is refused without using the stack", "[images][config]") {
  CHECK_THROWS_WITH(parse_launch_config(std::string(100'000, '[')), Contains("deeper"));
}

TEST_CASE("two million empty lists in a small document are refused", "[images][config]") {
  std::string json = "{\"x\":[[]";
  for (int i = 0; i < 1'000'000; ++i) json += ",[]";
  CHECK_THROWS_WITH(parse_launch_config(json + "]}"), Contains("values"));
}

TEST_CASE("what is not UTF-8 is not written as JSON", "[images][config]") {
  LaunchConfig config;
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    config.user = bad;
    CHECK_THROWS_WITH(to_json(config), Contains("not UTF-8"));
  }
}
