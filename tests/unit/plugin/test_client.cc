// SPDX-License-Identifier: Apache-2.0
// test_client.cc: the plugin in srun, sbatch and salloc: what it asks `sabot resolve`, and what it takes over
// of the answer.
#include <stdlib.h>

#include <catch2/catch.hpp>

#include "scenario.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

using Given = std::function<void(Plugin&)>;

void by_option(Plugin& plugin) { plugin.option(Option::image, "image", 0); }

// A submission up to post_opt; in the end what is published.
Outcome submit(const std::string& behaviour, spank_context_t context, const Given& given) {
  const Installation here;
  return live([&] {
    host().context = context;
    Plugin plugin(here.arguments(behaviour));
    expect(plugin.init() == 0, "init");
    given(plugin);
    expect(plugin.init_post_opt() == 0, "init_post_opt");
    const char* image = getenv("SLURM_SABOT_IMAGE");
    say(image != nullptr ? image : "unset");
  });
}

}  // namespace

TEST_CASE("without a request no program is started", "[plugin][client]") {
  for (const spank_context_t context : {S_CTX_LOCAL, S_CTX_ALLOCATOR}) {
    const Outcome outcome = submit("exits-3", context, [](Plugin&) {});
    CHECK(outcome.out == "unset\n");
    CHECK(outcome.err.empty());
    CHECK(outcome.code == kReturned);
  }
}

TEST_CASE("options and variables and an outer job's answer are requests", "[plugin][client]") {
  const std::vector<Given> requests = {by_option,
                                       [](Plugin& plugin) { plugin.option(Option::readonly, nullptr, 0); },
                                       [](Plugin&) { setenv("SABOT_CONTAINER_IMAGE", "x", 1); },
                                       [](Plugin&) { setenv("PYXIS_CONTAINER_IMAGE", "x", 1); },
                                       [](Plugin&) { setenv("SLURM_SABOT_IMAGE", "x", 1); },
                                       [](Plugin&) { host().native_container = "x"; }};
  for (const Given& request : requests) CHECK(submit("exits-7", S_CTX_LOCAL, request).code == 7);
}

TEST_CASE("an image without a name is refused before anything is started", "[plugin][client]") {
  const std::vector<Given> requests = {[](Plugin& plugin) { plugin.option(Option::image, "", 0); },
                                       [](Plugin&) { host().native_container = ""; }};
  for (const Given& request : requests) CHECK(submit("exits-7", S_CTX_LOCAL, request).code == 2);
}

TEST_CASE("sabot resolve is asked in the user's own words", "[plugin][client]") {
  const Outcome step = submit("shows-itself", S_CTX_LOCAL, [](Plugin& plugin) {
    host().native_container = "--help";
    plugin.option(Option::image, "a b", 0);
    plugin.option(Option::mounts, "%s:/b,'\n", 0);
    plugin.option(Option::workdir, "", 0);
    plugin.option(Option::writable, nullptr, 0);
  });
  CHECK(step.err ==
        "[sabot][--config][/shows-itself][resolve][--for-step][--container=--help][--container-image=a b]"
        "[--container-mounts=%s:/b,'\n][--container-workdir=][--container-writable]");
  const Outcome job = submit("shows-itself", S_CTX_ALLOCATOR, [](Plugin& plugin) {
    setenv("SLURM_CONTAINER", "native", 1);
    plugin.option(Option::readonly, nullptr, 0);
  });
  CHECK(job.err ==
        "[sabot][--config][/shows-itself][resolve][--for-job][--container=native][--container-readonly]");
}

TEST_CASE("only names of our own are taken over from the answer", "[plugin][client]") {
  const Outcome outcome = submit("answers", S_CTX_LOCAL, [](Plugin& plugin) {
    by_option(plugin);
    unsetenv("LD_PRELOAD");
    unsetenv("SLURM_JOB_ID");
    setenv("SLURM_SABOT_WORKDIR", "/stale", 1);
    atexit([] {});
  });
  CHECK(outcome.out == "sha256:00\n");
  const Installation here;
  const Outcome inside = live([&] {
    host().context = S_CTX_LOCAL;
    unsetenv("LD_PRELOAD");
    unsetenv("SLURM_JOB_ID");
    setenv("SLURM_SABOT_WORKDIR", "/stale", 1);
    Plugin plugin(here.arguments("answers"));
    plugin.init();
    by_option(plugin);
    plugin.init_post_opt();
    expect(getenv("LD_PRELOAD") == nullptr, "LD_PRELOAD");
    expect(getenv("SLURM_JOB_ID") == nullptr, "SLURM_JOB_ID");
    expect(std::string(getenv("SLURM_SABOT_MOUNTS")) == "/a=b:/c:rw", "a value with =");
    expect(std::string(getenv("SLURM_SABOT_WORKDIR")).empty(), "an empty value replaces a stale one");
  });
  CHECK(inside.out.empty());
}

TEST_CASE("a command whose request is refused ends with the code and the words of sabot resolve",
          "[plugin][client]") {
  for (const int code : {1, 2, 125, 255}) {
    const Outcome outcome = submit("exits-" + std::to_string(code), S_CTX_LOCAL, by_option);
    CHECK(outcome.code == code);
    CHECK(outcome.err == "sabot: error: as asked\n");
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("a sabot resolve that crashes or never ends its answer ends the command", "[plugin][client]") {
  CHECK(submit("crashes", S_CTX_LOCAL, by_option).code == 125);
  CHECK(submit("answers-without-end", S_CTX_LOCAL, by_option).code == 125);
}

TEST_CASE("a sabot that is not installed is named", "[plugin][client]") {
  const Outcome outcome = live([] {
    host().context = S_CTX_LOCAL;
    Plugin plugin({"libexec=/nonexistent"});
    plugin.init();
    by_option(plugin);
    atexit([] { say(host().log); });
    plugin.init_post_opt();
  });
  CHECK(outcome.code == 125);
  CHECK_THAT(outcome.out, Contains("sabot: start /nonexistent/" SABOT_STAGE0_FROM_LIBEXEC ": No such file") &&
                              Contains("is Sabot installed on this host?"));
}

TEST_CASE("a value that is too long ends the command with 2 and one line", "[plugin][client]") {
  static const std::string longest(kOptionBytes, 'x');
  for (const bool native : {true, false}) {
    const Outcome outcome = live([&] {
      host().context = S_CTX_LOCAL;
      if (native) host().native_container = longest.c_str();
      Plugin plugin;
      plugin.init();
      if (!native) plugin.option(Option::mounts, longest.c_str(), 0);
      atexit([] { say(host().log); });
      plugin.init_post_opt();
    });
    CHECK(outcome.code == 2);
    CHECK(outcome.out == (native ? "sabot: --container: longer than 16383 bytes\n\n"
                                 : "sabot: --container-mounts: longer than 16383 bytes\n\n"));
  }
}

TEST_CASE("the container of an outer step is no request of this command's", "[plugin][client]") {
  const auto image_after_init = [](std::vector<std::string> arguments) {
    return live([&] {
      host().context = S_CTX_ALLOCATOR;
      setenv("SLURM_CONTAINER", "/stale", 1);
      Plugin(arguments).init();
      say(getenv("SLURM_CONTAINER") != nullptr ? "kept" : "forgotten");
    });
  };
  CHECK(image_after_init({}).out == "forgotten\n");
  CHECK(image_after_init({"container=no"}).out == "kept\n");
}

TEST_CASE("Slurm's own container is left alone where the site says so", "[plugin][client]") {
  const Installation here;
  const Outcome outcome = live([&] {
    host().context = S_CTX_LOCAL;
    host().native_container = "/bundle";
    std::vector<std::string> arguments = here.arguments("exits-7");
    arguments.emplace_back("container=no");
    Plugin plugin(arguments);
    plugin.init();
    expect(plugin.init_post_opt() == 0, "init_post_opt");
  });
  CHECK(outcome.code == kReturned);
}

TEST_CASE("options of the job that come back to its steps are forgotten and others are not",
          "[plugin][client]") {
  const char* variable = "SLURM_SPANK__SLURM_SPANK_OPTION_sabot_container_image";
  const char* other = "SLURM_SPANK__SLURM_SPANK_OPTION_other_option";
  for (const auto& [origin, forgotten] :
       std::vector<std::pair<std::string, bool>>{{"job", true}, {"step", false}, {"", false}}) {
    const std::string from = origin;
    const Outcome outcome = live([&] {
      host().context = S_CTX_LOCAL;
      if (!from.empty()) setenv("SLURM_SABOT_ORIGIN", from.c_str(), 1);
      setenv(variable, "image", 1);
      setenv(other, "x", 1);
      Plugin().init();
      expect(getenv(other) != nullptr, "another plugin's option is gone");
      say(getenv(variable) == nullptr ? "forgotten" : "kept");
    });
    CHECK(outcome.out == (forgotten ? "forgotten\n" : "kept\n"));
  }
}
