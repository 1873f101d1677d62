// SPDX-License-Identifier: Apache-2.0
// test_check.cc: what `sabot check` makes of stage1's lines and of Slurm's files, and how it shows them.
#include <elf.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "check_report.h"
#include "check_slurm.h"
#include "child_output.h"
#include "images/json.h"
#include "plugin_release.h"
#include "sys/error.h"

using namespace sabot;
using Catch::Contains;

namespace {

// An ELF file of nothing but plugin_version, in section 3.
std::string plugin_of(std::uint32_t version) {
  constexpr std::uint64_t kSections = sizeof(Elf64_Ehdr);
  constexpr std::uint64_t kSymbols = kSections + 4 * sizeof(Elf64_Shdr);
  constexpr std::uint64_t kNames = kSymbols + 2 * sizeof(Elf64_Sym);
  const std::string names("\0plugin_versions\0plugin_version\0", 32);
  const std::uint64_t data = kNames + names.size();
  std::string elf(data, '\0');
  Elf64_Ehdr head{};
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = ELFCLASS64;
  head.e_shoff = kSections;
  head.e_shnum = 4;
  Elf64_Shdr sections[4]{};
  sections[1].sh_type = SHT_DYNSYM;
  sections[1].sh_offset = kSymbols;
  sections[1].sh_size = 2 * sizeof(Elf64_Sym);
  sections[1].sh_link = 2;
  sections[2].sh_offset = kNames;
  sections[3].sh_offset = data;
  sections[3].sh_addr = 0x1000;
  Elf64_Sym symbols[2]{};
  symbols[0] = {.st_name = 1, .st_info = 0, .st_other = 0, .st_shndx = 3, .st_value = 0x1000, .st_size = 4};
  symbols[1] = {.st_name = 17, .st_info = 0, .st_other = 0, .st_shndx = 3, .st_value = 0x1004, .st_size = 4};
  std::memcpy(elf.data(), &head, sizeof head);
  std::memcpy(elf.data() + kSections, sections, sizeof sections);
  std::memcpy(elf.data() + kSymbols, symbols, sizeof symbols);
  std::memcpy(elf.data() + kNames, names.data(), names.size());
  const std::uint32_t values[] = {0, version};
  return elf.append(reinterpret_cast<const char*>(values), sizeof values);
}

CheckStep judged(const std::string& text) {
  std::optional<PlugstackLine> ours;
  return judge_plugstack(parse_plugstack(text).lines, "plugstack.conf", ours);
}

}  // namespace

TEST_CASE("stage1's lines are read back, and others refused", "[launcher][check]") {
  const auto steps = parse_check_lines("kernel\tok\tLinux 6.1\t\nfuse device\tfailed\tclosed\tchmod it\n");
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].result == CheckResult::ok);
  CHECK(steps[0].remedy.empty());
  CHECK(steps[1].step == "fuse device");
  CHECK(steps[1].result == CheckResult::failed);
  CHECK(steps[1].detail == "closed");
  CHECK(steps[1].remedy == "chmod it");
  CHECK(parse_check_lines("").empty());
  CHECK_THROWS_WITH(parse_check_lines("usage\n"), Contains("another release"));
  CHECK_THROWS_AS(parse_check_lines("a\tOK\t\t\n"), Refused);
}

TEST_CASE("a launch fails where a step failed or was not tried", "[launcher][check]") {
  CHECK_FALSE(would_fail({}));
  CHECK_FALSE(would_fail({{"a", CheckResult::ok, "", ""}, {"b", CheckResult::warning, "", "r"}}));
  CHECK(would_fail({{"a", CheckResult::ok, "", ""}, {"b", CheckResult::failed, "", "r"}}));
  CHECK(would_fail({{"a", CheckResult::skipped, "", ""}}));
}

TEST_CASE("the table has a line a step and the remedy below it", "[launcher][check]") {
  const std::vector<CheckStep> steps = {{"one", CheckResult::ok, "fine", ""},
                                        {"longer", CheckResult::failed, "not \033[1m", "do it"}};
  CHECK(check_table(steps, false) ==
        "ok       one     fine\n"
        "FAILED   longer  not \\x1b[1m\n"
        "           do it\n"
        "A launch fails here: 1 of 2 steps FAILED.\n");
  CHECK_THAT(check_table(steps, true), Contains("\033[31mFAILED   \033[0mlonger") && !Contains("\033[1m"));
  CHECK(check_table({}, false) == "A launch works here.\n");
}

TEST_CASE("the JSON is a list of objects", "[launcher][check]") {
  CHECK(check_json({}) == "[]\n");
  CHECK(check_json({{"a", CheckResult::warning, "say \"x\"", "r"}, {"b", CheckResult::ok, "", ""}}) ==
        "[{\"step\":\"a\",\"result\":\"warning\",\"detail\":\"say \\\"x\\\"\",\"remedy\":\"r\"},\n"
        " {\"step\":\"b\",\"result\":\"ok\",\"detail\":\"\",\"remedy\":\"\"}]\n");
}

TEST_CASE("plugstack.conf is read as Slurm does", "[launcher][check]") {
  const Plugstack stack = parse_plugstack(
      "# required no.so\n\nrequired  /a/spank_sabot.so config=/c container=no # here\n"
      "optional b.so\ninclude plugstack.conf.d/*.conf\nrequired\n");
  REQUIRE(stack.lines.size() == 2);
  CHECK(stack.lines[0].required);
  CHECK(stack.lines[0].plugin == "/a/spank_sabot.so");
  CHECK(stack.lines[0].arguments == std::vector<std::string>{"config=/c", "container=no"});
  CHECK_FALSE(stack.lines[1].required);
  CHECK(stack.includes == std::vector<std::string>{"plugstack.conf.d/*.conf"});
}

TEST_CASE("the plugin must be in plugstack.conf, and required", "[launcher][check]") {
  CHECK(judged("required spank_sabot.so\n").result == CheckResult::ok);
  CHECK(judged("required /opt/spank_sabot.so config=/x\n").result == CheckResult::ok);
  CHECK(judged("optional spank_sabot.so\n").result == CheckResult::warning);
  CHECK(judged("required /spank_sabot.so/other.so\n").result == CheckResult::failed);
  CHECK(judged("").result == CheckResult::failed);
  const CheckStep both = judged("required spank_pyxis.so\nrequired spank_sabot.so\n");
  CHECK(both.result == CheckResult::warning);
  CHECK_THAT(both.detail, Contains("spank_pyxis.so"));
}

TEST_CASE("a plugin fits the Slurm of its own major and minor release", "[launcher][check]") {
  CHECK(judge_release("22.05.8", "22.05.8").result == CheckResult::ok);
  CHECK(judge_release("22.05.8", "22.05.11").result == CheckResult::ok);
  CHECK(judge_release("22.05.8", "22.05.0-0rc1").result == CheckResult::ok);
  CHECK(judge_release("22.05.8", "23.02.8").result == CheckResult::failed);
  CHECK(judge_release("22.05.8", "22.11.8").result == CheckResult::failed);
  CHECK(judge_release("22.05.8", "").result == CheckResult::warning);
}

TEST_CASE("the release a plugin was built for is read from its file", "[launcher][check]") {
  const std::string elf = plugin_of(22 << 16 | 5 << 8 | 8);
  CHECK(plugin_release_in(elf) == "22.05.8");
  CHECK_THROWS_AS(plugin_release_in(""), Refused);
  CHECK_THROWS_WITH(plugin_release_in("#!/bin/sh"), Contains("no ELF"));
  for (std::size_t bytes = 0; bytes < elf.size(); ++bytes)
    CHECK_THROWS_AS(plugin_release_in(std::string_view(elf).substr(0, bytes)), Refused);
}

TEST_CASE("a program's output and end are kept", "[launcher][check]") {
  const ChildOutput said =
      run_child({"sh", "-c", "echo out $ONLY $PATH; echo err >&2; exit 7"}, {"ONLY=this", "PATH="});
  CHECK(said.status == 7);
  CHECK(said.output == "out this\n");
  CHECK(said.errors == "err\n");
  CHECK(run_child({"sh", "-c", "kill -9 $$"}, {}).status == 128 + 9);
  CHECK(run_child({"head", "-c", "3000000", "/dev/zero"}, {}).output.size() == kChildOutputBytes);
  CHECK_THROWS_WITH(run_child({"/not/there"}, {}), Contains("start /not/there"));
}
