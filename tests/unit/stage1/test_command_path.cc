// SPDX-License-Identifier: Apache-2.0
// test_command_path.cc: the program that slurmstepd will find, for every spelling of argv[0].
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "command_path.h"

using sabot::find_command;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/sabot-command-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    top = name;
    before = fs::current_path();
    fs::create_directories(top / "bin/dir");
    fs::create_directories(top / "other");
    file("bin/tool", 0755);
    file("bin/data", 0644);
    file("other/data", 0755);
    file("here", 0755);
    fs::current_path(top);
    path = (top / "absent").string() + "::" + (top / "bin").string() + ":" + (top / "other").string();
  }
  ~Folder() {
    fs::current_path(before);
    fs::remove_all(top);
  }
  void file(const char* name, mode_t mode) const {
    std::ofstream(top / name) << "#!/bin/sh\n";
    REQUIRE(::chmod((top / name).c_str(), mode) == 0);
  }
  int find(const std::string& command) const { return find_command(command.c_str(), path.c_str()); }
  fs::path top;
  fs::path before;
  std::string path;
};

}  // namespace

TEST_CASE("a command is looked for where slurmstepd looks", "[stage1][command]") {
  const Folder folder;
  CHECK(folder.find("tool") == 0);
  CHECK(folder.find("here") == 0);  // slurmstepd falls back to the working directory
  CHECK(folder.find("./here") == 0);
  CHECK(folder.find((folder.top / "bin/tool").string()) == 0);
  CHECK(folder.find("absent") == 127);
  CHECK(folder.find("./tool") == 127);
  CHECK(folder.find("here/below") == 127);
  CHECK(find_command("tool", "") == 127);
  CHECK(find_command("tool", ":::") == 127);
}

TEST_CASE("what is there and cannot be executed is another mistake", "[stage1][command]") {
  const Folder folder;
  CHECK(folder.find("./bin") == 126);
  CHECK(errno == EISDIR);
  CHECK(folder.find("data") == 126);  // the first of that name is taken, executable or not
  CHECK(errno == EACCES);
  CHECK(folder.find("./bin/data") == 126);
  CHECK(folder.find("dir") == 127);  // a directory of that name is passed over
}

TEST_CASE("a command longer than any path is not found", "[stage1][command]") {
  const Folder folder;
  CHECK(folder.find(std::string(5000, 'x')) != 0);
  CHECK(folder.find("/" + std::string(5000, 'x')) != 0);
}
