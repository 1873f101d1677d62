// SPDX-License-Identifier: Apache-2.0
// test_text.cc: what the launcher prints: JSON that any parser reads, lines for people, sizes.
#include <catch2/catch.hpp>

#include "images/json.h"
#include "json_text.h"
#include "progress_bar.h"

using namespace sabot;

TEST_CASE("a JSON string has everything escaped that JSON forbids", "[launcher][json]") {
  CHECK(json_string("plain /path") == R"("plain /path")");
  CHECK(json_string("") == R"("")");
  CHECK(json_string("a\"b\\c") == R"("a\"b\\c")");
  CHECK(json_string("a\nb\t\x01") == R"("a\u000ab\u0009\u0001")");
  CHECK(json_string(std::string("a\0b", 3)) == R"("a\u0000b")");
  CHECK(json_string("\x7f\xc3\xbc\xff") == R"("\u007f\u00c3\u00bc\u00ff")");
}

TEST_CASE("an object keeps the order of its members", "[launcher][json]") {
  JsonObject object;
  object.add("name", std::string("a\"b"));
  object.add("size_bytes", std::uint64_t{18446744073709551615U});
  object.add("names", std::vector<std::string>{"x", "y z"});
  object.add("none", std::vector<std::string>{});
  object.add_json("config", "{\"Env\":[]}\n\n");
  CHECK(
      object.text() ==
      R"({"name":"a\"b","size_bytes":18446744073709551615,"names":["x","y z"],"none":[],"config":{"Env":[]}})");
  CHECK(object.lines() ==
        "name: \"a\\\"b\"\nsize_bytes: 18446744073709551615\nnames: [\"x\",\"y z\"]\nnone: []\nconfig: "
        "{\"Env\":[]}\n");
  CHECK(JsonObject{}.text() == "{}");
}

TEST_CASE("for people a plain string has no quotes and no terminal escape gets through", "[launcher][json]") {
  JsonObject object;
  object.add("digest", std::string("sha256:00"));
  object.add("name", std::string("\033[31m"));
  CHECK(object.lines() == "digest: sha256:00\nname: \"\\u001b[31m\"\n");
}

TEST_CASE("sizes are printed as people read them", "[launcher][progress]") {
  struct Row {
    std::uint64_t bytes;
    const char* text;
  };
  const Row rows[] = {
      {0, "0 B"},
      {999, "999 B"},
      {1000, "1.0 kB"},
      {1234567, "1.2 MB"},
      {99'400, "99.4 kB"},
      {100'000, "100 kB"},
      {999'499, "999 kB"},
      {999'500, "1.0 MB"},
      {1'000'000'000, "1.0 GB"},
      {2'500'000'000'000, "2.5 TB"},
      {18446744073709551615U, "18446744 TB"},
  };
  for (const Row& row : rows) CHECK(human_bytes(row.bytes) == row.text);
}
