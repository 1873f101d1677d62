// SPDX-License-Identifier: Apache-2.0
// test_contexts.cc: the plugin in each of Slurm's programs: what it registers, and that a root process is the
// same after each callback as before it (rule S10).
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "process_state.h"
#include "scenario.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

const std::vector<const char*> kOptions = {
    "container-image",         "container-mounts",     "container-workdir",       "container-env",
    "container-unshare",       "container-pin",        "container-pull",          "container-writable",
    "container-readonly",      "container-mount-home", "no-container-mount-home", "container-remap-root",
    "no-container-remap-root", "container-explain"};

bool all_registered() {
  if (host().options.size() != kOptions.size()) return false;
  for (size_t i = 0; i < kOptions.size(); ++i)
    if (std::string(host().options[i].name) != kOptions[i] || host().options[i].usage == nullptr)
      return false;
  return true;
}

// A callback as root: it succeeds and leaves the process as it was.
void unchanged(const std::string& what, const std::function<int()>& callback) {
  const ProcessState before = process_state();
  const int answer = callback();
  const std::string changes = difference(before, process_state());
  expect(answer == 0, what + " failed");
  expect(changes.empty(), what + ": " + changes);
}

void wrong_plugstack(Plugin& plugin, int wanted) {
  expect(plugin.init() == wanted, "init of a wrong line in plugstack.conf");
  expect(host().log.find("'colour=red' is not understood") != std::string::npos, "log: " + host().log);
}

}  // namespace

TEST_CASE("clients and slurmstepd learn all options and slurmd and scripts none", "[plugin][contexts]") {
  for (const auto& [context, registers] :
       std::vector<std::pair<spank_context_t, bool>>{{S_CTX_LOCAL, true},
                                                     {S_CTX_ALLOCATOR, true},
                                                     {S_CTX_REMOTE, true},
                                                     {S_CTX_SLURMD, false},
                                                     {S_CTX_JOB_SCRIPT, false},
                                                     {S_CTX_ERROR, false}}) {
    CAPTURE(context);
    const auto where = context;
    const bool wanted = registers;
    const Outcome outcome = live([=] {
      host().context = where;
      Plugin plugin;
      expect(plugin.init() == 0, "init");
      expect(wanted ? all_registered() : host().options.empty(), "options");
      expect(host().log.empty(), host().log);
    });
    CHECK(outcome.out.empty());
    CHECK(outcome.code == kReturned);
  }
}

TEST_CASE("options that take a value say so and switches do not", "[plugin][contexts]") {
  const Outcome outcome = live([] {
    Plugin().init();
    for (const spank_option& option : host().options) {
      const bool may_have_one = option.val == static_cast<int>(Option::explain);
      const bool is_switch = option.val >= static_cast<int>(Option::writable) && !may_have_one;
      expect(option.has_arg == (is_switch ? 0 : may_have_one ? 2 : 1), option.name);
      expect((option.arginfo == nullptr) == is_switch, option.name);
    }
  });
  CHECK(outcome.out.empty());
}

TEST_CASE("a client stops for a wrong line in plugstack.conf and a node goes on", "[plugin][contexts][S4]") {
  for (const spank_context_t context : {S_CTX_LOCAL, S_CTX_ALLOCATOR, S_CTX_REMOTE, S_CTX_SLURMD}) {
    CAPTURE(context);
    const Outcome outcome = live([=] {
      host().context = context;
      Plugin plugin({"timeout=5", "colour=red"});
      wrong_plugstack(plugin, context == S_CTX_REMOTE || context == S_CTX_SLURMD ? 0 : -1);
    });
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("a client stops when Slurm refuses an option and a node goes on", "[plugin][contexts][S4]") {
  for (const spank_context_t context : {S_CTX_LOCAL, S_CTX_REMOTE}) {
    const Outcome outcome = live([=] {
      host().context = context;
      host().refuse_options = true;
      expect(Plugin().init() == (context == S_CTX_LOCAL ? -1 : 0), "init");
    });
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("slurmd is the same after each callback as before", "[plugin][contexts][S10]") {
  for (const spank_context_t context : {S_CTX_SLURMD, S_CTX_JOB_SCRIPT}) {
    const Outcome outcome = live([=] {
      host().context = context;
      host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";
      for (const std::vector<std::string>& arguments :
           {std::vector<std::string>{}, std::vector<std::string>{"libexec=/x", "timeout=9"}, {"nonsense"}}) {
        Plugin plugin(arguments);
        unchanged("init", [&] { return plugin.init(); });
        unchanged("init_post_opt", [&] { return plugin.init_post_opt(); });
      }
    });
    CHECK(outcome.out.empty());
    CHECK(outcome.code == kReturned);
  }
}

TEST_CASE("slurmstepd of a step without an image is the same after each callback as before",
          "[plugin][contexts][S10]") {
  const Outcome outcome = live([] {
    umask(027);
    Plugin plugin({"libexec=/nonexistent", "config=/nonexistent"});
    unchanged("init", [&] { return plugin.init(); });
    unchanged("init_post_opt", [&] { return plugin.init_post_opt(); });
    for (int rank = 0; rank < 3; ++rank) unchanged("task_post_fork", [&] { return plugin.task_post_fork(); });
    unchanged("task_init", [&] { return plugin.task_init(); });
    expect(host().job_env.empty(), "the job's environment changed");
    expect(host().log.empty(), host().log);
  });
  CHECK(outcome.out.empty());
  CHECK(outcome.err.empty());
  CHECK(outcome.code == kReturned);
}

TEST_CASE("slurmstepd of a step with an image holds a socket until the last rank has ended",
          "[plugin][contexts][S10]") {
  const Outcome outcome = live([] {
    host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";
    host().items[S_JOB_LOCAL_TASK_COUNT] = 3;
    Plugin plugin;
    const ProcessState before = process_state();
    unchanged("init", [&] { return plugin.init(); });
    expect(plugin.init_post_opt() == 0, "init_post_opt");
    ProcessState with = process_state();
    expect(with.descriptors.size() == before.descriptors.size() + 2, difference(before, with));
    for (const auto& [number, target] : with.descriptors)
      if (before.descriptors.count(number) == 0) expect(target.rfind("socket:", 0) == 0, "opened " + target);
    unchanged("task_post_fork", [&] { return plugin.task_post_fork(); });
    unchanged("task_post_fork", [&] { return plugin.task_post_fork(); });
    expect(plugin.task_post_fork() == 0, "the last task_post_fork");
    expect(process_state().descriptors.size() == before.descriptors.size() + 1, "the keeper's end is open");
    unchanged("one task_post_fork too many", [&] { return plugin.task_post_fork(); });
    for (int rank = 0; rank < 3; ++rank) unchanged("task_exit", [&] { return plugin.task_exit(); });
    expect(plugin.task_exit() == 0, "the last task_exit");
    expect(difference(before, process_state()).empty(), difference(before, process_state()));
    unchanged("one task_exit too many", [&] { return plugin.task_exit(); });
  });
  CHECK(outcome.out.empty());
  CHECK(outcome.code == kReturned);
}
