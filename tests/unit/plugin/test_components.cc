// SPDX-License-Identifier: Apache-2.0
// test_components.cc: heterogeneous steps: what each component asks for, and how its ranks find their answer.
#include <stdlib.h>

#include <catch2/catch.hpp>

#include "scenario.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

using Given = std::function<void(Plugin&)>;

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value != nullptr ? value : "unset";
}

// srun with one component for each of `components`. What sabot resolve was asked is on standard error.
Outcome step_of(const std::vector<Given>& components, const std::function<void()>& after = {},
                spank_context_t context = S_CTX_LOCAL) {
  const Installation here;
  return live([&] {
    host().context = context;
    Plugin plugin(here.arguments("shows-itself"));
    plugin.init();
    atexit([] { say(host().log); });
    for (const Given& given : components) {
      given(plugin);
      plugin.init_post_opt();
    }
    if (after) after();
  });
}

void image(Plugin& plugin, const char* name) { plugin.option(Option::image, name, 0); }

// The words of each question after `--for-step`.
std::string asked(const Outcome& outcome) {
  std::string words;
  const std::string begin = "[resolve][--for-step]";
  for (std::size_t at = outcome.err.find(begin); at != outcome.err.npos;) {
    const std::size_t next = outcome.err.find("[sabot]", at);
    words += outcome.err.substr(at + begin.size(), next - at - begin.size()) + "\n";
    at = next == outcome.err.npos ? next : outcome.err.find(begin, next);
  }
  return words;
}

}  // namespace

TEST_CASE("components with different images are marked and answered each by itself", "[plugin][components]") {
  const Outcome outcome = step_of(
      {[](Plugin& p) { image(p, "a"); }, [](Plugin& p) { image(p, "b"); }, [](Plugin& p) { image(p, "c"); }},
      [] {
        expect(variable("SLURM_SABOT_IMAGE") == "sha256:00", "the first");
        expect(variable("SLURM_SABOT_IMAGE_COMPONENT_1") == "sha256:00", "the second");
        expect(variable("SLURM_SABOT_MOUNTS_COMPONENT_2") == "/a=b:/c:rw", "the third");
        expect(variable("SLURM_SABOT_COMPONENTS") != "unset", "that there are several");
        expect(variable("SLURM_SABOT_COMPONENT") == "unset", "the environment is everybody's");
        say(host().srun_options["export"]);
      });
  CHECK(asked(outcome) == "[--container-image=a]\n[--container-image=b]\n[--container-image=c]\n");
  CHECK_THAT(outcome.out, Catch::StartsWith("SLURM_SABOT_COMPONENT=2,ALL\n"));
}

TEST_CASE("a component that asks for the same is neither asked nor marked", "[plugin][components]") {
  const Outcome outcome = step_of({[](Plugin& p) { image(p, "a"); }, [](Plugin& p) { image(p, "b"); },
                                   [](Plugin& p) { image(p, "a"); }, [](Plugin& p) { image(p, "a"); }},
                                  [] { say(host().srun_options["export"]); });
  CHECK(asked(outcome) == "[--container-image=a]\n[--container-image=b]\n");
  CHECK_THAT(outcome.out, Catch::StartsWith("ALL\n"));
  const Outcome plain = step_of({[](Plugin&) {}, [](Plugin&) {}}, [] {
    expect(host().srun_options.empty(), "--export was changed");
    expect(variable("SLURM_SABOT_IMAGE") == "unset", "published");
  });
  CHECK(plain.code == kReturned);
}

TEST_CASE("a mark leaves --export as it was but for itself", "[plugin][components]") {
  for (const std::string list : {"NONE", "ONE,TWO=2", ""}) {
    const Outcome outcome = step_of({[](Plugin& p) { image(p, "a"); },
                                     [&](Plugin& p) {
                                       image(p, "b");
                                       host().srun_options["export"] = list;
                                     }},
                                    [] { say(host().srun_options["export"]); });
    CHECK_THAT(outcome.out, Catch::StartsWith("SLURM_SABOT_COMPONENT=1," + list + "\n"));
  }
}

TEST_CASE("a component takes over what it does not say unless it names an image", "[plugin][components]") {
  const Outcome same_image = step_of({[](Plugin& p) {
                                        image(p, "a");
                                        p.option(Option::mounts, "/m", 0);
                                        p.option(Option::writable, nullptr, 0);
                                      },
                                      [](Plugin& p) { p.option(Option::readonly, nullptr, 0); }});
  CHECK_THAT(asked(same_image),
             Contains("\n[--container-image=a][--container-mounts=/m][--container-readonly]\n"));
  const Outcome other_image = step_of({[](Plugin& p) {
                                         image(p, "a");
                                         p.option(Option::mounts, "/m", 0);
                                       },
                                       [](Plugin& p) { image(p, "b"); }});
  CHECK_THAT(asked(other_image), Contains("\n[--container-image=b]\n"));
}

TEST_CASE("Slurm's own option and ours take turns between components", "[plugin][components]") {
  const Outcome outcome =
      step_of({[](Plugin&) { host().native_container = "n"; },  // and srun hands it on
               [](Plugin& p) { image(p, "b"); }, [](Plugin&) { host().native_container = "m"; }});
  CHECK(asked(outcome) == "[--container=n]\n[--container-image=b]\n[--container=m]\n");
}

TEST_CASE("a first component without an image is answered once another has one", "[plugin][components]") {
  const Outcome outcome = step_of({[](Plugin&) {}, [](Plugin& p) { image(p, "b"); }}, [] {
    expect(variable("SLURM_SABOT_IMAGE").empty(), "no pod for the first");
    expect(variable("SLURM_SABOT_IMAGE_COMPONENT_1") == "sha256:00", "the second");
  });
  CHECK(outcome.code == kReturned);
}

TEST_CASE("each component begins with what the job published", "[plugin][components]") {
  const Outcome outcome = step_of({[](Plugin& p) {
                                     setenv("SLURM_SABOT_ORIGIN", "job", 1);
                                     setenv("SLURM_SABOT_IMAGE", "sha256:job", 1);
                                     setenv("SLURM_SABOT_WORKDIR", "/path_COMPONENT", 1);
                                     setenv("SLURM_SABOT_IMAGE_COMPONENT_1", "stale", 1);
                                     p.option(Option::readonly, nullptr, 0);
                                   },
                                   [](Plugin& p) {
                                     expect(variable("SLURM_SABOT_IMAGE_COMPONENT_1") == "unset", "stale");
                                     p.option(Option::mounts, "/m", 0);
                                   }},
                                  [] { expect(variable("SLURM_SABOT_ORIGIN") == "job", "ORIGIN"); });
  CHECK(asked(outcome) == "[--container-readonly]\n[--container-mounts=/m][--container-readonly]\n");
  CHECK(outcome.code == kReturned);
}

TEST_CASE("a srun that takes no mark is told to start one step for each", "[plugin][components]") {
  const Outcome outcome = step_of({[](Plugin& p) { image(p, "a"); },
                                   [](Plugin& p) {
                                     host().refuse_slurm_option = true;
                                     image(p, "b");
                                   }});
  CHECK(outcome.code == 2);
  CHECK_THAT(outcome.out, Contains("start one srun for each"));
}

TEST_CASE("a job's components have one image for their steps to inherit", "[plugin][components]") {
  const std::vector<Given> different = {[](Plugin& p) { image(p, "a"); }, [](Plugin& p) { image(p, "b"); }};
  const Outcome refused = step_of(different, {}, S_CTX_ALLOCATOR);
  CHECK(refused.code == 2);
  CHECK_THAT(refused.out, Contains("which its steps cannot inherit; give them to srun"));
  const Outcome same = step_of({[](Plugin& p) { image(p, "a"); }, [](Plugin&) {}}, {}, S_CTX_ALLOCATOR);
  CHECK(same.code == kReturned);
}

TEST_CASE("a rank reads its own component's answer and keeps none of them", "[plugin][components]") {
  const Installation here;
  const Outcome outcome = live([&] {
    host().job_env["SLURM_SABOT_COMPONENTS"] = "several";
    host().job_env["SLURM_SABOT_COMPONENT"] = "1";
    host().job_env["SLURM_SABOT_IMAGE"] = "sha256:first";
    host().job_env["SLURM_SABOT_IMAGE_COMPONENT_1"] = "sha256:second";
    host().job_env["SLURM_SABOT_WORKDIR"] = "/first";
    Plugin plugin(here.arguments("shows-the-request"));
    begin_step(plugin);
    plugin.task_init();
  });
  CHECK_THAT(refusal(outcome), Contains("image=sha256:second") && !Contains("/first"));
}

TEST_CASE("a component that was answered with no image runs on the host and another never does",
          "[plugin][components]") {
  struct Row {
    const char* component;
    const char* name;
    bool runs;
  };
  for (const Row& row :
       {Row{nullptr, "SLURM_SABOT_IMAGE", true}, Row{"1", "SLURM_SABOT_IMAGE_COMPONENT_1", true},
        Row{"1", "SLURM_SABOT_IMAGE", false}, Row{nullptr, "SLURM_SABOT_OTHER", false},
        Row{"1x", "SLURM_SABOT_IMAGE_COMPONENT_1", false}}) {
    const Outcome outcome = live([&] {
      host().job_env["SLURM_SABOT_COMPONENTS"] = "several";
      if (row.component != nullptr) host().job_env["SLURM_SABOT_COMPONENT"] = row.component;
      host().job_env[row.name] = "";
      Plugin plugin;
      begin_step(plugin);
      plugin.option(Option::image, "of-the-last-component");
      plugin.task_init();
      for (const auto& [name, value] : host().job_env) say(name);
    });
    CAPTURE(row.name);
    if (row.runs) {
      CHECK(outcome.code == kReturned);
      CHECK(outcome.out.empty());
    } else {
      CHECK_THAT(refusal(outcome), Contains("did not hand it over"));
    }
  }
}
