// SPDX-License-Identifier: Apache-2.0
// test_environment.cc: options from the environment: who wins over whom, and where the store is.
#include <catch2/catch.hpp>

#include "request.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot;
using Catch::Contains;
using sabot::test::CleanEnvironment;

namespace {

// As sbatch and salloc publish it for the steps of their job.
void publish_for_job(CleanEnvironment& env) {
  env.set("SLURM_SABOT_ORIGIN", "job");
  env.set("SLURM_SABOT_IMAGE", "sha256:job");
  env.set("SLURM_SABOT_MOUNTS", "/job:/job:rw");
  env.set("SLURM_SABOT_WORKDIR", "/job/dir");
  env.set("SLURM_SABOT_WRITABLE", "1");
}

}  // namespace

TEST_CASE("without variables nothing is asked for", "[launcher][environment]") {
  const CleanEnvironment env;
  const PodOptions options = with_environment({});
  CHECK_FALSE(options.image);
  CHECK_FALSE(options.mounts);
  CHECK_FALSE(options.workdir);
  CHECK_FALSE(options.writable);
}

TEST_CASE("each option has a variable and the command line wins over it", "[launcher][environment]") {
  CleanEnvironment env;
  env.set("SABOT_CONTAINER_IMAGE", "env");
  env.set("SABOT_CONTAINER_MOUNTS", "/env");
  env.set("SABOT_CONTAINER_WORKDIR", "/env/dir");
  env.set("SABOT_CONTAINER_WRITABLE", "1");
  const PodOptions from_env = with_environment({});
  CHECK(from_env.image == "env");
  CHECK(from_env.mounts == "/env");
  CHECK(from_env.workdir == "/env/dir");
  CHECK(from_env.writable == true);
  PodOptions given;
  given.image = "line";
  given.mounts = "/line";
  given.workdir = "/line/dir";
  given.writable = false;
  const PodOptions both = with_environment(given);
  CHECK(both.image == "line");
  CHECK(both.mounts == "/line");
  CHECK(both.workdir == "/line/dir");
  CHECK(both.writable == false);
}

TEST_CASE("our own variable wins over the spelling of Pyxis and an empty one counts as not set",
          "[launcher][environment]") {
  CleanEnvironment env;
  env.set("PYXIS_CONTAINER_IMAGE", "pyxis");
  CHECK(with_environment({}).image == "pyxis");
  env.set("SABOT_CONTAINER_IMAGE", "own");
  CHECK(with_environment({}).image == "own");
  env.set("SABOT_CONTAINER_IMAGE", "");
  CHECK(with_environment({}).image == "pyxis");
}

TEST_CASE("the image that Slurm's own option names is not replaced by a variable",
          "[launcher][environment]") {
  CleanEnvironment env;
  env.set("SABOT_CONTAINER_IMAGE", "env");
  publish_for_job(env);
  PodOptions given;
  given.native_image = "native";
  const PodOptions options = with_environment(given);
  CHECK_FALSE(options.image);
  CHECK(options.native_image == "native");
}

TEST_CASE("switches are yes or no and anything else is refused", "[launcher][environment]") {
  CleanEnvironment env;
  for (const char* yes : {"1", "true", "yes", "y"}) {
    env.set("SABOT_CONTAINER_WRITABLE", yes);
    CHECK(with_environment({}).writable == true);
  }
  for (const char* no : {"0", "false", "no", "n"}) {
    env.set("SABOT_CONTAINER_WRITABLE", no);
    CHECK(with_environment({}).writable == false);
  }
  env.set("SABOT_CONTAINER_WRITABLE", "may\nbe");
  CHECK_THROWS_AS(with_environment({}), UsageError);
  CHECK_THROWS_WITH(with_environment({}), Contains("WRITABLE='may\\x0abe' is neither 1 nor 0"));
  PodOptions given;
  given.writable = true;
  CHECK(with_environment(given).writable == true);  // the variable is not even looked at
}

TEST_CASE("readonly is the opposite of writable and gives way to it", "[launcher][environment]") {
  CleanEnvironment env;
  env.set("SABOT_CONTAINER_READONLY", "1");
  CHECK(with_environment({}).writable == false);
  env.set("SABOT_CONTAINER_READONLY", "0");
  CHECK(with_environment({}).writable == true);
  env.set("PYXIS_CONTAINER_WRITABLE", "no");
  CHECK(with_environment({}).writable == false);
}

TEST_CASE("a step takes over what its job resolved", "[launcher][environment]") {
  CleanEnvironment env;
  publish_for_job(env);
  const PodOptions options = with_environment({});
  CHECK(options.image == "sha256:job");
  CHECK(options.mounts == "/job:/job:rw");
  CHECK(options.workdir == "/job/dir");
  CHECK(options.writable == true);
}

TEST_CASE("the words that named the job's image mean in its steps what they meant then",
          "[launcher][environment]") {
  CleanEnvironment env;
  publish_for_job(env);
  env.set("SLURM_SABOT_REFERENCE", "team/app");
  env.set("SABOT_CONTAINER_IMAGE", "team/app");
  CHECK(with_environment({}).image == "sha256:job");
  PodOptions given;
  given.image = "team/app";
  CHECK(with_environment(given).image == "sha256:job");
}

TEST_CASE("the user's variables win over what the job was given", "[launcher][environment]") {
  CleanEnvironment env;
  publish_for_job(env);
  env.set("SABOT_CONTAINER_MOUNTS", "/env");
  CHECK(with_environment({}).image == "sha256:job");
  CHECK(with_environment({}).mounts == "/env");
  env.set("SABOT_CONTAINER_IMAGE", "env");
  CHECK(with_environment({}).image == "env");
  CHECK_FALSE(with_environment({}).workdir);
}

TEST_CASE("a step that names its own image takes nothing from its job", "[launcher][environment]") {
  CleanEnvironment env;
  publish_for_job(env);
  PodOptions given;
  given.image = "own";
  const PodOptions options = with_environment(given);
  CHECK(options.image == "own");
  CHECK_FALSE(options.mounts);
  CHECK_FALSE(options.workdir);
  CHECK_FALSE(options.writable);
}

TEST_CASE("a step changes single options of its job's image", "[launcher][environment]") {
  CleanEnvironment env;
  publish_for_job(env);
  PodOptions given;
  given.mounts = "/own";
  given.writable = false;
  const PodOptions options = with_environment(given);
  CHECK(options.image == "sha256:job");
  CHECK(options.mounts == "/own");
  CHECK(options.workdir == "/job/dir");
  CHECK(options.writable == false);
}

TEST_CASE("what an outer step published is not inherited", "[launcher][environment]") {
  CleanEnvironment env;
  publish_for_job(env);
  for (const char* origin : {"step", "", "JOB"}) {
    env.set("SLURM_SABOT_ORIGIN", origin);
    CHECK_FALSE(with_environment({}).image);
  }
  env.set("SLURM_SABOT_ORIGIN", "job");
  env.unset("SLURM_SABOT_IMAGE");
  CHECK_FALSE(with_environment({}).mounts);
}

TEST_CASE("the store is the caller's then the site's then in the home", "[launcher][environment]") {
  CleanEnvironment env;
  SiteConfig site;
  env.set("HOME", "/home/u");
  CHECK(store_path(site) == "/home/u/.local/share/sabot");
  env.set("XDG_DATA_HOME", "/data");
  CHECK(store_path(site) == "/data/sabot");
  site.store = "/site/store";
  CHECK(store_path(site) == "/site/store");
  env.set("SABOT_STORE", "/own");
  CHECK(store_path(site) == "/own");
  env.set("SABOT_STORE", "own\x01");
  CHECK_THROWS_WITH(store_path(site), Contains("SABOT_STORE='own\\x01' is no absolute path"));
}

TEST_CASE("a home that is no absolute path is not believed", "[launcher][environment]") {
  CleanEnvironment env;
  env.set("XDG_DATA_HOME", "data");
  env.set("HOME", "/home/u");
  CHECK(store_path({}) == "/home/u/.local/share/sabot");
  env.set("HOME", ".");
  CHECK(store_path({}).front() == '/');
}
