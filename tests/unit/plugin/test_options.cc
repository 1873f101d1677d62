// SPDX-License-Identifier: Apache-2.0
// test_options.cc: option values as anybody can send them: kept within bounds in a client, hardly looked at
// as root.
#include <catch2/catch.hpp>
#include <random>

#include "process_state.h"
#include "scenario.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

const std::vector<Option> kAll = {Option::image, Option::mounts, Option::workdir, Option::writable,
                                  Option::readonly};

std::string binary(size_t bytes) {
  std::mt19937 random(5);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(1 + random() % 255);
  return text;
}

}  // namespace

TEST_CASE("as root an option of any value is remembered as asked for and nothing else happens",
          "[plugin][options][S2][S3]") {
  for (const std::string& value :
       {std::string(), std::string("none"), std::string("image"), std::string("%s%n\n\033[2J"),
        std::string(10 << 20, 'x'), binary(100000)}) {
    const Outcome outcome = live([&] {
      Plugin plugin;
      plugin.init();
      const ProcessState before = process_state();
      const int calls = host().calls;
      for (const Option option : kAll) {
        expect(plugin.option(option, value.c_str()) == 0, "a callback failed");
        expect(plugin.option(option, nullptr) == 0, "a callback without a value failed");
        expect(option_value(option) == nullptr, "a value was kept");
        plugin.option(Option::image, value.c_str());
      }
      expect(image_was_asked_for() == (value != "none"), "asked for");
      expect(difference(before, process_state()).empty(), difference(before, process_state()));
      expect(host().calls == calls, "Slurm was called");
      expect(host().log.empty(), host().log);
    });
    CHECK(outcome.out.empty());
    CHECK(outcome.code == kReturned);
  }
}

TEST_CASE("an option without a value asks for an image and the last one counts", "[plugin][options]") {
  const Outcome outcome = live([] {
    Plugin plugin;
    plugin.init();
    expect(!image_was_asked_for(), "before");
    plugin.option(Option::mounts, "/a:/b");
    expect(!image_was_asked_for(), "by mounts");
    plugin.option(Option::image, nullptr);
    expect(image_was_asked_for(), "by null");
    plugin.option(Option::image, "none");
    expect(!image_was_asked_for(), "by none");
    plugin.option(Option::image, "none ");
    expect(image_was_asked_for(), "by something like none");
  });
  CHECK(outcome.out.empty());
}

TEST_CASE("an option that the plugin does not know changes nothing", "[plugin][options]") {
  const Outcome outcome = live([] {
    Plugin plugin;
    plugin.init();
    const ProcessState before = process_state();
    const spank_opt_cb_f callback = host().options[0].cb;
    for (const int val : {-1, kOptionCount, kOptionCount + 1, 1 << 30, -(1 << 30)})
      for (const int remote : {0, 1})
        expect(callback(val, "value", remote) == -1, "an unknown option was taken");
    expect(!image_was_asked_for(), "asked for");
    for (const Option option : kAll) expect(option_value(option) == nullptr, "a value was kept");
    expect(difference(before, process_state()).empty(), "the process changed");
  });
  CHECK(outcome.out.empty());
}

TEST_CASE("a client keeps the last value whole or remembers that it was too long", "[plugin][options][S3]") {
  const Outcome outcome = live([] {
    host().context = S_CTX_LOCAL;
    Plugin plugin;
    plugin.init();
    expect(plugin.option(Option::mounts, "/a:/b", 0) == 0, "first");
    expect(plugin.option(Option::mounts, "/c:/d", 0) == 0, "second");
    expect(std::string(option_value(Option::mounts)) == "/c:/d", "the last one");
    expect(plugin.option(Option::mounts, "", 0) == 0, "empty");
    expect(option_value(Option::mounts) != nullptr && option_value(Option::mounts)[0] == '\0',
           "given but empty");
    expect(plugin.option(Option::writable, nullptr, 0) == 0, "switch");
    expect(std::string(option_value(Option::writable)) == "1", "a switch is 1");
    const std::string longest(kOptionBytes - 1, 'x');
    expect(plugin.option(Option::image, longest.c_str(), 0) == 0, "the longest");
    expect(option_value(Option::image) == longest, "whole");
    expect(!option_is_too_long(Option::image), "not too long");
    expect(plugin.option(Option::image, (longest + "x").c_str(), 0) == 0, "Slurm would repeat the value");
    expect(option_is_too_long(Option::image), "one byte longer");
    expect(plugin.option(Option::image, "image", 0) == 0, "the last one counts");
    expect(!option_is_too_long(Option::image), "which is short");
    expect(host().log.empty(), host().log);
  });
  CHECK(outcome.out.empty());
}

TEST_CASE("arguments of plugstack.conf are paths and seconds within bounds", "[plugin][options]") {
  struct Row {
    std::string argument;
    bool taken;
  };
  const std::string deep = "/" + std::string(PATH_MAX - 66, 'x');
  const Row rows[] = {{"libexec=/a", true},
                      {"libexec=a", false},
                      {"libexec=", false},
                      {"libexec=" + deep, true},
                      {"libexec=" + deep + "x", false},
                      {"libexec=/" + std::string(100000, 'x'), false},
                      {"config=/c", true},
                      {"config", false},
                      {"configs=/c", false},
                      {"timeout=1", true},
                      {"timeout=3600", true},
                      {"timeout=3601", false},
                      {"timeout=0", false},
                      {"timeout=-1", false},
                      {"timeout=", false},
                      {"timeout=x", false},
                      {"timeout=5x", false},
                      {"timeout=4294967297", false},
                      {"container=yes", true},
                      {"container=no", true},
                      {"container=maybe", false},
                      {"", false},
                      {"=", false}};
  for (const Row& row : rows) {
    CAPTURE(row.argument);
    std::string argument = row.argument;
    char* argv[] = {argument.data(), nullptr};
    PluginArguments arguments;
    const char* wrong = nullptr;
    CHECK(read_arguments(1, argv, &arguments, &wrong) == row.taken);
    CHECK((wrong == nullptr) == row.taken);
  }
}

TEST_CASE("without arguments the plugin looks where Sabot was installed", "[plugin][options]") {
  PluginArguments arguments;
  const char* wrong = nullptr;
  REQUIRE(read_arguments(0, nullptr, &arguments, &wrong));
  CHECK(std::string(arguments.libexec_dir) == SABOT_LIBEXEC_DIR);
  CHECK(std::string(arguments.config_file) == SABOT_CONFIG_FILE);
  CHECK(arguments.timeout_s == 60);
  CHECK(arguments.takes_native_container);
}
