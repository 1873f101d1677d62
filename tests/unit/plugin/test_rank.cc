// SPDX-License-Identifier: Apache-2.0
// test_rank.cc: a rank and its stage0: what stage0 is given, every way in which it can fail, and a rank that
// enters.
#include <signal.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>

#include "process_state.h"
#include "scenario.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

constexpr uint32_t kBatchStep = 0xfffffffb;
constexpr uint32_t kInteractiveStep = 0xfffffffa;

using Setup = std::function<void()>;

Outcome rank_with(const std::string& behaviour, const Setup& setup = {}, int timeout_s = 20) {
  const Installation here;
  return live([&] {
    host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";
    Plugin plugin(here.arguments(behaviour, timeout_s));
    begin_step(plugin);
    if (setup) setup();
    plugin.task_init();
  });
}

}  // namespace

TEST_CASE("a stage0 that dies at once fails its rank soon", "[plugin][rank]") {
  const Outcome outcome = rank_with("dies");
  CHECK_THAT(refusal(outcome), Contains("the pod's keeper"));
  CHECK(outcome.seconds < 10);
}

TEST_CASE("a keeper that dies after it heard the rank fails it soon", "[plugin][rank]") {
  const Outcome outcome = rank_with("drops-the-rank");
  CHECK_THAT(refusal(outcome), Contains("the pod's keeper ended before this rank was admitted"));
  CHECK(outcome.seconds < 10);
}

TEST_CASE("a stage0 that never answers fails its rank after the timeout and is gone", "[plugin][rank][S11]") {
  for (const char* behaviour : {"sleeps", "never-answers"}) {
    const Outcome outcome =
        rank_with(behaviour, {}, 1);  // the pipe of standard error would stay open otherwise
    CHECK(refusal(outcome) == "wait for the pod: no answer within 1 s");
    CHECK(outcome.seconds >= 1);
    CHECK(outcome.seconds < 6);
  }
}

TEST_CASE("a keeper's reason is the rank's with control bytes replaced and cut to a line",
          "[plugin][rank][S12]") {
  CHECK(refusal(rank_with("fails")) ==
        "no image?"
        "?[2Jhere?");
  CHECK(refusal(rank_with("fails-without-words")) == "no reason given");
  const std::string text = refusal(rank_with("fails-at-length"));
  CHECK(text.size() > 900);
  CHECK(text == std::string(text.size(), 'x'));
}

TEST_CASE("an answer that is no admission does not make a rank", "[plugin][rank]") {
  CHECK_THAT(refusal(rank_with("speaks-otherwise")), Contains("speaks another protocol"));
  CHECK_THAT(refusal(rank_with("answers-too-much")),
             Contains("hear from the pod's keeper: Message too long"));
  CHECK_THAT(refusal(rank_with("admits-nowhere")), Contains("incomplete answer"));
  CHECK_THAT(refusal(rank_with("admits-by-one")), Contains("incomplete answer"));
  CHECK_THAT(refusal(rank_with("admits-to-fewer")), Contains("incomplete answer"));
  CHECK_THAT(refusal(rank_with("joins")), Contains("incomplete answer"));
  CHECK_THAT(refusal(rank_with("admits-to-files")), Contains("enter the pod's user namespace"));
}

TEST_CASE("stage0 is told the whole of what the step published", "[plugin][rank]") {
  const Outcome outcome = rank_with("shows-the-request", [] {
    host().job_env["SLURM_SABOT_STORE"] = "/store";
    host().job_env["SLURM_SABOT_MOUNTS"] = "/a:/b:ro";
    host().job_env["SLURM_SABOT_WORKDIR"] = "/w";
    host().job_env["SLURM_SABOT_WRITABLE"] = "1";
    host().job_env["SLURM_SABOT_UNSHARE"] = "net,uts";
    host().job_env["PMIX_SERVER_TMPDIR"] = "/spool/pmix.42.0";
    host().job_env["PMIX_SYSTEM_TMPDIR"] = "/var/tmp";
    host().job_argv = {"/bin/app"};
    expect(chdir("/usr") == 0, "chdir");
  });
  CHECK(refusal(outcome) ==
        "pod=42.0.1 local-ranks=2 image=sha256:00 store=/store mounts=/a:/b:ro workdir=/w writable=1 "
        "unshare=net,uts "
        "submit-dir=/usr pmi-dir=/spool/pmix.42.0 pmi-dir=/var/tmp/spmix_appdir_" +
            std::to_string(geteuid()) + "_42.0 ");
}

TEST_CASE("a batch step names its script and has a pod of its own", "[plugin][rank]") {
  const Outcome batch = rank_with("shows-the-request", [] {
    host().items[S_JOB_STEPID] = kBatchStep;
    host().job_argv = {"/spool/job42/slurm_script", "argument"};
    expect(chdir("/") == 0, "chdir");
  });
  CHECK(refusal(batch) ==
        "pod=42.batch.1 local-ranks=2 image=sha256:00 submit-dir=/ script=/spool/job42/slurm_script ");
  const Outcome interactive =
      rank_with("shows-the-request", [] { host().items[S_JOB_STEPID] = kInteractiveStep; });
  CHECK_THAT(refusal(interactive), Contains("pod=42.interactive.1 "));
}

TEST_CASE("directories of PMI that are no absolute paths are not asked for", "[plugin][rank]") {
  const Outcome outcome = rank_with("shows-the-request", [] {
    host().job_env["PMIX_SERVER_TMPDIR"] = "spool";
    host().job_env["PMIX_SYSTEM_TMPDIR"] = "/tmp";
  });
  CHECK_THAT(refusal(outcome), !Contains("pmi-dir"));
}

TEST_CASE("stage0 inherits nothing of the rank's", "[plugin][rank][S6]") {
  const Outcome outcome = rank_with("shows-itself", [] {
    setenv("LD_PRELOAD", "", 1);
    setenv("SECRET", "x", 1);
    signal(SIGUSR1, SIG_IGN);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, nullptr);
    host().job_env["LD_PRELOAD"] = "/evil.so";
  });
  CHECK(refusal(outcome) ==
        "argv sabot --config /shows-itself prepare environment "
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin descriptors 0 1 2 3 own-session "
        "default-signals unblocked");
}

TEST_CASE("a rank that is admitted has the image's variables and nothing of the request and no way back",
          "[plugin][rank]") {
  const Installation here;
  const Outcome outcome = live([&] {
    host().job_env = {{"SLURM_SABOT_IMAGE", "sha256:00"},
                      {"SLURM_SABOT_MOUNTS", "/a:/b"},
                      {"COLOUR", "job"},
                      {"SLURM_SABOT_ORIGIN", "job"},
                      {"SLURM_JOB_ID", "42"}};
    Plugin plugin(here.arguments("admits"));
    begin_step(plugin);
    const ProcessState before = process_state();
    expect(plugin.task_init() == 0, "task_init");
    const std::map<std::string, std::string> wanted = {
        {"COLOUR", "red=green"}, {"EMPTY", ""}, {"SLURM_JOB_ID", "42"}};
    expect(host().job_env == wanted, "the job's environment");
    expect(process_state().descriptors.size() + 2 == before.descriptors.size(), "descriptors are left");
    expect(waitpid(-1, nullptr, WNOHANG) == -1, "a child is left");
    char cwd[64];
    expect(getcwd(cwd, sizeof cwd) != nullptr && std::string(cwd) == "/", "working directory");
    expect(seteuid(geteuid() + 1) == -1, "a capability is left");
  });
  if (outcome.err.find("SKIP: ") != std::string::npos) {
    WARN(outcome.err);
    return;
  }
  CHECK(outcome.err.empty());
  CHECK(outcome.out.empty());
  CHECK(outcome.code == kReturned);
}

TEST_CASE("steps of a batch script inherit the request", "[plugin][rank]") {
  for (const uint32_t step : {kBatchStep, kInteractiveStep}) {
    const Installation here;
    const Outcome outcome = live([&] {
      host().job_env = {{"SLURM_SABOT_IMAGE", "sha256:00"}};
      host().items[S_JOB_STEPID] = step;
      Plugin plugin(here.arguments("admits"));
      begin_step(plugin);
      plugin.task_init();
      expect(host().job_env["SLURM_SABOT_IMAGE"] == "sha256:00", "the request is gone");
    });
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("a variable that Slurm does not take stops the rank", "[plugin][rank]") {
  const Outcome outcome = rank_with("admits", [] { host().refuse_setenv = true; });
  const std::string text = refusal(outcome);
  if (text.rfind("SKIP: ", 0) != 0) CHECK(text == "set COLOUR: Other error");
}

TEST_CASE("a working directory that the image lacks stops the rank", "[plugin][rank]") {
  const std::string text = refusal(rank_with("admits-astray"));
  if (text.rfind("SKIP: ", 0) != 0)
    CHECK(text ==
          "working directory '/nonexistent' in the image: No such file or directory; choose another with "
          "--container-workdir");
}

TEST_CASE("the second rank is let in by the keeper that the first one started", "[plugin][rank]") {
  const Installation here;
  const Outcome outcome = live([&] {
    host().job_env["SLURM_SABOT_IMAGE"] = "sha256:00";
    Plugin plugin(here.arguments("drops-the-rank"));
    begin_step(plugin);
    const auto rank = [&] {
      const pid_t child = fork();
      if (child == 0) {
        plugin.task_init();
        _exit(kReturned);
      }
      plugin.task_post_fork();
      int status = 0;
      waitpid(child, &status, 0);
      expect(WIFEXITED(status) && WEXITSTATUS(status) == 125, "a rank ran");
    };
    rank();
    rank();
  });
  CHECK(outcome.out.empty());
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 2);
}
