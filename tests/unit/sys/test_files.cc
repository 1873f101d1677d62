// SPDX-License-Identifier: Apache-2.0
// test_files.cc: the floor: paths that stay in a root, limits, the words of an error.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "sys/error.h"
#include "sys/files.h"

using namespace sabot;

namespace {
struct TempDir {
  std::string path = "/tmp/sabot-test-XXXXXX";
  UniqueFd fd;
  TempDir() {
    check(::mkdtemp(path.data()) == nullptr ? -1 : 0, "mkdtemp", path);
    fd = UniqueFd{check(::open(path.c_str(), O_DIRECTORY | O_CLOEXEC), "open", path)};
  }
  ~TempDir() {
    for (const char* name : {"out", "file"}) ::unlinkat(fd.get(), name, 0);
    ::rmdir(path.c_str());
  }
};
}  // namespace

TEST_CASE("a symlink in a root cannot lead out of it", "[sys]") {
  const TempDir dir;
  REQUIRE(::symlinkat("../../../../etc/passwd", dir.fd.get(), "out") == 0);
  REQUIRE_THROWS_AS(open_in_root(dir.fd.get(), "out", O_RDONLY), Error);
  REQUIRE_THROWS_WITH(open_in_root(dir.fd.get(), "/out", O_RDONLY), Catch::Contains("No such file"));
}

TEST_CASE("a file larger than its limit is refused", "[sys]") {
  const TempDir dir;
  {
    const UniqueFd file{check(::openat(dir.fd.get(), "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600), "open")};
    write_all(file.get(), "12345");
  }
  REQUIRE(read_file(dir.fd.get(), "file", 5) == "12345");
  REQUIRE_THROWS_WITH(read_file(dir.fd.get(), "file", 4), Catch::Contains("limit of 4 bytes"));
}

TEST_CASE("an error names what was attempted, on what, and why", "[sys]") {
  const Context outer{"prepare pod 42.0"};
  const Context inner{"bind scratch"};
  errno = ENOENT;
  REQUIRE_THROWS_WITH(check(-1, "open_tree", "scratch"),
                      "prepare pod 42.0: bind scratch: open_tree 'scratch': No such file or directory");
}

TEST_CASE("control characters are printed as escapes", "[sys]") {
  REQUIRE(printable("a\x1b[31m\n") == "a\\x1b[31m\\x0a");
}
