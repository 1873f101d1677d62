// SPDX-License-Identifier: Apache-2.0
// test_slurm_conf.cc: what a launch needs of slurm.conf, found as Slurm finds it.
#include "slurm_conf.h"

#include <unistd.h>
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "support.h"

using namespace sabot;

namespace {

struct Directory {
  Directory()
      : path(std::filesystem::temp_directory_path() / ("sabot-slurm-conf-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Directory() { std::filesystem::remove_all(path); }
  Directory(const Directory&) = delete;
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("slurm.conf's names have any case", "[launcher][check]") {
  const std::string text = "# PluginDir=/no\nClusterName=c\npluginDIR=/a:/b # here\nPluginDirX=/x\n";
  CHECK(slurm_setting(text, "PluginDir") == "/a:/b");
  CHECK(slurm_setting(text, "PlugStackConfig").empty());
}

TEST_CASE("the site's TaskProlog is found in any case and where it is included", "[launcher][slurm-conf]") {
  const Directory here;
  CHECK(task_prolog_of(here.write("plain", "# TaskProlog=/no\nNodeName=a taskPROLOG=/a/prolog # /b\n")) ==
        "/a/prolog");
  CHECK(task_prolog_of(here.write("without", "ClusterName=x\n")).empty());
  CHECK(task_prolog_of(here.write("relative", "TaskProlog=prolog\n")).empty());
  here.write("tasks", "TaskProlog=/included/prolog\n");
  CHECK(task_prolog_of(here.write("including", "include tasks\n")) == "/included/prolog");
  here.write("again", "Include again\n");
  CHECK(task_prolog_of((here.path / "again").string()).empty());
}

TEST_CASE("a slurm.conf that cannot be read names no TaskProlog and stops no launch",
          "[launcher][slurm-conf]") {
  CHECK(task_prolog_of("").empty());
  CHECK(task_prolog_of("/nonexistent/slurm.conf").empty());
  CHECK(task_prolog_of("/").empty());
}
