// SPDX-License-Identifier: Apache-2.0
// test_faults.cc: calls that fail for want of something, at every place where they can: no rank runs on the
// host.
#include <grp.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "scenario.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

// A rank of a step that began well or under the limit, with `left` more descriptors than are open.
Outcome short_of_descriptors(const Installation& here, rlim_t left, bool from_the_beginning) {
  return live([&] {
    host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";
    Plugin plugin(here.arguments("fails-without-words"));
    const rlimit limit{3 + left + (from_the_beginning ? 0 : 2), 4096};
    if (from_the_beginning) setrlimit(RLIMIT_NOFILE, &limit);
    begin_step(plugin);
    if (!from_the_beginning) setrlimit(RLIMIT_NOFILE, &limit);
    plugin.task_init();
  });
}

}  // namespace

TEST_CASE("a rank that lacks descriptors anywhere does not run and says so", "[plugin][faults]") {
  const Installation here;
  for (const bool from_the_beginning : {true, false}) {
    std::map<std::string, int> reasons;
    for (rlim_t left = 0; left <= 12; ++left) {
      CAPTURE(left);
      CAPTURE(from_the_beginning);
      ++reasons[refusal(short_of_descriptors(here, left, from_the_beginning))];
    }
    CHECK(reasons.count("no reason given") == 1);  // with enough of them the keeper is heard
    CHECK(reasons.size() >= 3);                    // without, each call says what was attempted
  }
}

TEST_CASE("a rank that may start no process does not run and says so", "[plugin][faults]") {
  const Installation here;
  const Outcome outcome = live([&] {
    if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
      complain("setuid");
    host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";
    Plugin plugin(here.arguments("fails-without-words"));
    begin_step(plugin);
    const rlimit none{0, 0};
    setrlimit(RLIMIT_NPROC, &none);
    plugin.task_init();
  });
  CHECK_THAT(refusal(outcome), Contains("start " + here.program() + ": Resource temporarily unavailable"));
}

TEST_CASE("a stage0 that is no program does not let a rank run", "[plugin][faults]") {
  const Installation here;
  for (const char* replacement : {"/etc/passwd", "/", "/dev/null", "/nonexistent"}) {
    CAPTURE(replacement);
    const std::string command = "ln -sfn " + std::string(replacement) + " '" + here.program() + "'";
    REQUIRE(system(command.c_str()) == 0);  // NOLINT: a test's own words
    const Outcome outcome = live([&] {
      host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";
      Plugin plugin(here.arguments("admits"));
      begin_step(plugin);
      plugin.task_init();
    });
    CHECK_THAT(refusal(outcome), Contains("start " + here.program()));
  }
}

TEST_CASE("a rank whose standard error is closed does not run either", "[plugin][faults]") {
  const Installation here;
  const Outcome outcome = live([&] {
    host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";
    Plugin plugin(here.arguments("dies"));
    begin_step(plugin);
    close(STDERR_FILENO);
    plugin.task_init();
  });
  CHECK(outcome.code == 125);
}
