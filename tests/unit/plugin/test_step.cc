// SPDX-License-Identifier: Apache-2.0
// test_step.cc: the plugin in slurmstepd and its task children: ranks that may run, and ranks that must not.
#include <catch2/catch.hpp>

#include "process_state.h"
#include "protocol.h"
#include "scenario.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

constexpr uint32_t kExternStep = 0xfffffffc;

size_t descriptors() { return process_state().descriptors.size(); }

// A step with these variables, up to what task_init makes of a rank.
Outcome rank_of(const std::map<std::string, std::string>& job_env,
                const std::vector<std::string>& arguments = {},
                const std::function<void(Plugin&)>& before_rank = {}) {
  return live([&] {
    host().job_env = job_env;
    Plugin plugin(arguments);
    begin_step(plugin);
    if (before_rank) before_rank(plugin);
    plugin.task_init();
  });
}

}  // namespace

TEST_CASE("a rendezvous is made only where an image is published", "[plugin][step]") {
  const Outcome outcome = live([] {
    Plugin plugin;
    plugin.init();
    const size_t before = descriptors();
    plugin.option(Option::image, "image");  // as root an option alone makes nothing
    plugin.init_post_opt();
    expect(descriptors() == before, "without a variable");
    host().job_env["SLURM_SABOT_IMAGE"] = "";
    plugin.init_post_opt();
    expect(descriptors() == before, "with an empty one");
    host().job_env["SLURM_SABOT_IMAGE"] = "x";
    plugin.init_post_opt();
    expect(descriptors() == before + 2, "with one");
  });
  CHECK(outcome.out.empty());
  CHECK(outcome.code == kReturned);
}

TEST_CASE("a published image of any length or one that cannot be read makes a rendezvous",
          "[plugin][step][S3]") {
  for (const int err : {0, static_cast<int>(ESPANK_NOSPACE), static_cast<int>(ESPANK_BAD_ARG)}) {
    const Outcome outcome = live([=] {
      Plugin plugin;
      plugin.init();
      const size_t before = descriptors();
      host().job_env["SLURM_SABOT_IMAGE"] = std::string(1 << 20, 'x');
      if (err != 0) host().getenv_fails["SLURM_SABOT_IMAGE"] = static_cast<spank_err_t>(err);
      plugin.init_post_opt();
      expect(descriptors() == before + 2, "no rendezvous");
    });
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("a rank without an image runs on the host and nothing of it is changed but our own variables",
          "[plugin][step]") {
  for (const std::map<std::string, std::string>& job_env :
       {std::map<std::string, std::string>{},
        {{"SLURM_SABOT_IMAGE", ""}, {"SLURM_SABOT_MOUNTS", "/a:/b"}},
        {{"PATH", "/bin"}, {"SABOT_CONTAINER_IMAGE", "x"}}}) {
    const Outcome outcome = live([&] {
      host().job_env = job_env;
      Plugin plugin({"libexec=/nonexistent"});
      begin_step(plugin);
      const ProcessState before = process_state();
      expect(plugin.task_init() == 0, "task_init");
      expect(difference(before, process_state()).empty(), difference(before, process_state()));
      std::map<std::string, std::string> left = job_env;
      std::erase_if(left, [](const auto& entry) { return entry.first.rfind("SLURM_SABOT_", 0) == 0; });
      expect(host().job_env == left, "the job's environment changed");
    });
    CHECK(outcome.out.empty());
    CHECK(outcome.err.empty());
    CHECK(outcome.code == kReturned);
  }
}

TEST_CASE("the extern step has no pod", "[plugin][step]") {
  const Outcome outcome = live([] {
    host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";
    host().items[S_JOB_STEPID] = kExternStep;
    Plugin plugin;
    begin_step(plugin);
    expect(plugin.task_init() == 0, "task_init");
  });
  CHECK(outcome.err.empty());
  CHECK(outcome.code == kReturned);
}

TEST_CASE("a rank whose option came without its published answer does not run", "[plugin][step][S14]") {
  for (const char* value : {"image", "", static_cast<const char*>(nullptr)}) {
    const Outcome outcome = rank_of({}, {}, [=](Plugin& plugin) { plugin.option(Option::image, value); });
    CHECK_THAT(refusal(outcome), Contains("the submitting command did not hand it over"));
  }
  const Outcome none = rank_of({}, {}, [](Plugin& plugin) { plugin.option(Option::image, "none"); });
  CHECK(none.code == kReturned);
}

TEST_CASE("a rank whose step carries Slurm's own container without an answer does not run",
          "[plugin][step]") {
  const std::map<std::string, std::string> native = {{"SLURM_CONTAINER", "/bundle"}};
  CHECK_THAT(refusal(rank_of(native)), Contains("did not hand it over"));
  CHECK_THAT(refusal(rank_of(native, {"container=yes"})), Contains("did not hand it over"));
  CHECK(rank_of(native, {"container=no"}).code == kReturned);  // left to oci.conf
}

TEST_CASE("a variable that does not fit is a refusal and never as if it were not set", "[plugin][step][S3]") {
  for (const char* name : {"SLURM_SABOT_IMAGE", "SLURM_SABOT_STORE", "SLURM_SABOT_MOUNTS",
                           "SLURM_SABOT_WORKDIR", "SLURM_SABOT_WRITABLE"}) {
    CAPTURE(name);
    std::map<std::string, std::string> job_env = {{"SLURM_SABOT_IMAGE", "sha256:00"}};
    job_env[name] = std::string(kMessageBytes, 'x');
    const Outcome outcome = rank_of(job_env);
    CHECK(refusal(outcome) == std::string("read ") + name + ": Buffer too small");
  }
  const Outcome native = rank_of({{"SLURM_CONTAINER", std::string(kMessageBytes, 'x')}});
  CHECK_THAT(refusal(native), Contains("read SLURM_CONTAINER"));
}

TEST_CASE("a variable that Slurm cannot read for another reason is a refusal", "[plugin][step]") {
  const Outcome outcome = live([] {
    host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";
    host().getenv_fails["SLURM_SABOT_IMAGE"] = ESPANK_NOT_AVAIL;
    Plugin plugin;
    begin_step(plugin);
    plugin.task_init();
  });
  CHECK_THAT(refusal(outcome), Contains("read SLURM_SABOT_IMAGE: Other error"));
}

TEST_CASE("variables that do not fit together are a refusal", "[plugin][step]") {
  const std::string half(kMessageBytes / 2 + 100, 'x');
  const Outcome outcome = rank_of(
      {{"SLURM_SABOT_IMAGE", "sha256:00"}, {"SLURM_SABOT_MOUNTS", half}, {"SLURM_SABOT_WORKDIR", half}});
  CHECK_THAT(refusal(outcome), Contains("longer than 131072 bytes"));
}

TEST_CASE("a rank without a rendezvous does not run", "[plugin][step][S14]") {
  const Outcome outcome = live([] {
    Plugin plugin;
    begin_step(plugin);
    host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";  // as if the step had begun without descriptors
    plugin.task_init();
  });
  CHECK(refusal(outcome) == "no socket for the pod could be made when the step began");
}

TEST_CASE("a stage0 that is not installed is named and control bytes are not printed",
          "[plugin][step][S12]") {
  const Outcome plain = rank_of({{"SLURM_SABOT_IMAGE", "sha256:00"}}, {"libexec=/nonexistent/libexec"});
  CHECK_THAT(refusal(plain),
             Contains("start /nonexistent/libexec/" SABOT_STAGE0_FROM_LIBEXEC ": No such file") &&
                 Contains("installed on this node?"));
  const Outcome escapes = rank_of({{"SLURM_SABOT_IMAGE", "sha256:00"}}, {"libexec=/no\n\033[2J\x7f\r"});
  CHECK_THAT(refusal(escapes), Contains("start /no?"
                                        "?[2J?"
                                        "?/"));
}
