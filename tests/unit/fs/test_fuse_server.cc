// SPDX-License-Identifier: Apache-2.0
// test_fuse_server.cc: the server in this process, over a mount that is a descriptor only: what the process
// itself has to do with it. Content over the kernel is tested end to end (tests/e2e/fs).
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <future>

#include "fake_image.h"
#include "fs/fuse_mount.h"
#include "fs/fuse_server.h"
#include "squashfs_fixture.h"
#include "sys/error.h"
#include "sys/files.h"

using namespace sabot;
using sabot::test::FakeImage;

namespace {

struct Mounted {
  UniqueFd mount;
  std::unique_ptr<FuseServer> server;
};

// Nothing where this process may not mount.
std::optional<Mounted> mount_fake() {
  auto image = std::make_unique<FakeImage>();
  image->directory("/d").file("/d/f", "content");
  try {
    UniqueFd device = open_fuse_device();
    UniqueFd mount = make_fuse_mount(device.get(), ::getuid(), ::getgid());
    auto server =
        std::make_unique<FuseServer>(std::move(device), ImageTree(std::move(image)), Ownership{}, 3);
    return Mounted{std::move(mount), std::move(server)};
  } catch (const Error& e) {
    WARN("SKIP: " << e.what());
    return std::nullopt;
  }
}

bool ends(std::future<void>& serving) {
  return serving.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
}

}  // namespace

TEST_CASE("the server ends by itself when the last hold on its mount is gone", "[fs][fuse]") {
  std::optional<Mounted> mounted = mount_fake();
  if (!mounted) return;
  std::future<void> serving = std::async(std::launch::async, [&] { mounted->server->serve(); });
  UniqueFd file{::openat(mounted->mount.get(), "d/f", O_RDONLY | O_CLOEXEC)};
  CHECK(read_all(file.get(), 100) == "content");
  CHECK(::openat(mounted->mount.get(), "d/none", O_RDONLY | O_CLOEXEC) == -1);
  CHECK(errno == ENOENT);
  mounted->mount.reset();
  CHECK(serving.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);  // the file is open
  file.reset();
  REQUIRE(ends(serving));
  CHECK_NOTHROW(serving.get());
}

TEST_CASE("a stopped server leaves serve(), and its users get an error", "[fs][fuse]") {
  std::optional<Mounted> mounted = mount_fake();
  if (!mounted) return;
  std::future<void> serving = std::async(std::launch::async, [&] { mounted->server->serve(); });
  {
    const UniqueFd dir{::openat(mounted->mount.get(), "d", O_RDONLY | O_CLOEXEC)};
    CHECK(dir.valid());
  }
  mounted->server->stop();
  REQUIRE(ends(serving));
  CHECK_NOTHROW(serving.get());
  mounted->server.reset();
  CHECK(::openat(mounted->mount.get(), "d/f", O_RDONLY | O_CLOEXEC) == -1);
  CHECK((errno == ENOTCONN || errno == ECONNABORTED));
}

TEST_CASE("a server stopped before it serves does not serve", "[fs][fuse]") {
  std::optional<Mounted> mounted = mount_fake();
  if (!mounted) return;
  mounted->server->stop();
  std::future<void> serving = std::async(std::launch::async, [&] { mounted->server->serve(); });
  REQUIRE(ends(serving));
}

TEST_CASE("serving a device that is not mounted is an error", "[fs][fuse]") {
  try {
    FuseServer server(open_fuse_device(), ImageTree(std::make_unique<FakeImage>()), Ownership{});
    CHECK_THROWS_AS(server.serve(), Error);
  } catch (const Error& e) {
    WARN("SKIP: " << e.what());
  }
}
