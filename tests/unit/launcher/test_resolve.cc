// SPDX-License-Identifier: Apache-2.0
// test_resolve.cc: a request checked before an allocation is used: images that are there, absent, none, in
// conflict.
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "../fs/squashfs_fixture.h"
#include "images/reference.h"
#include "images/store.h"
#include "request.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

// A clean environment, a scratch working directory with a store of its own, a small image in it.
struct Bench {
  Bench() {
    env.set("SABOT_STORE", here.path("store"));
    tree.file("hello", "world");
  }
  bool make_image(const std::string& name) const {
    if (!have_mksquashfs()) {
      WARN("SKIP: mksquashfs is not installed");
      return false;
    }
    const UniqueFd image = tree.image();
    here.file(name, bytes_of(image.get()));
    return true;
  }
  PodRequest resolve_image(const std::string& image) const {
    PodOptions options;
    options.image = image;
    return resolve(options, {}, import_here);
  }
  static std::string import_here(const images::Reference& source, const std::string& store,
                                 images::PullPolicy) {
    return images::open_store(store).import(source, AT_FDCWD, {}, "", nullptr).digest;
  }
  CleanEnvironment env;
  WorkingDirectory here;
  TempTree tree;
};

PodOptions image_none() {
  PodOptions options;
  options.image = "none";
  return options;
}

}  // namespace

TEST_CASE("a squashfs file is handed on by its absolute path", "[launcher][resolve]") {
  const Bench bench;
  if (!bench.make_image("app.sqsh")) return;
  for (const std::string& written : {std::string("./app.sqsh"), std::string("app.sqsh"),
                                     std::string("./x/../app.sqsh"), bench.here.path("app.sqsh")}) {
    CAPTURE(written);
    if (written == "./x/../app.sqsh") std::filesystem::create_directory("x");
    CHECK(bench.resolve_image(written).image == bench.here.path("app.sqsh"));
  }
  CHECK(bench.resolve_image("./app.sqsh").inherited_by_steps);
  CHECK_FALSE(bench.resolve_image("./app.sqsh").writable);
}

TEST_CASE("a directory is handed on as it is, if it has a root file system", "[launcher][resolve]") {
  const Bench bench;
  std::filesystem::create_directories("root/bin");
  std::filesystem::create_directories("data/files");
  const std::string path = bench.here.path("root");
  for (const std::string& written :
       {std::string("./root"), std::string("root/../root/").insert(0, "./"), path})
    CHECK(bench.resolve_image(written).image == path);
  CHECK_FALSE(std::filesystem::exists("store"));
  CHECK_THROWS_WITH(bench.resolve_image("./data"), Contains("a directory, but no root file system"));
}

TEST_CASE("a launch configuration in a directory is checked before an allocation is used",
          "[launcher][resolve]") {
  const Bench bench;
  std::filesystem::create_directories("root/.sabot");
  bench.here.file("root/.sabot/config.json", "not json");
  CHECK_THROWS_AS(bench.resolve_image("./root"), Refused);
  bench.here.file("root/.sabot/config.json", "{}");
  CHECK(bench.resolve_image("./root").image == bench.here.path("root"));
}

TEST_CASE("an image that is not there is refused and the message says what to do", "[launcher][resolve]") {
  const Bench bench;
  CHECK_THROWS_WITH(
      bench.resolve_image("nothing"),
      Contains("image 'nothing': no such file, and no such image in the store " + bench.here.path("store")) &&
          Contains("./nothing"));
  CHECK_THROWS_WITH(bench.resolve_image("./nothing"),
                    Contains("image './nothing'") && Contains("No such file"));
  CHECK_THROWS_AS(bench.resolve_image("sha256:" + std::string(64, '0')), Refused);
  CHECK_FALSE(std::filesystem::exists("store"));  // a question makes no store
}

TEST_CASE("a file that is no image is refused before an allocation is used", "[launcher][resolve]") {
  const Bench bench;
  bench.here.file("text", "just text\n");
  bench.here.file("cut.sqsh", "hsqs" + std::string(92, '\0'));
  CHECK_THROWS_WITH(bench.resolve_image("./text"), Contains("image './text'"));
  CHECK_THROWS_WITH(bench.resolve_image("./cut.sqsh"), Contains("image './cut.sqsh'"));
}

TEST_CASE("control characters of an image's name are escaped in the message", "[launcher][resolve]") {
  const Bench bench;
  CHECK_THROWS_WITH(bench.resolve_image("./a\033[2Jb"), Contains("\\x1b") && !Contains("\033"));
}

TEST_CASE("an image named none asks for no pod whatever else is asked", "[launcher][resolve]") {
  const Bench bench;
  PodOptions options = image_none();
  options.mounts = "/a:/b";
  options.writable = true;
  const PodRequest request = resolve(options, {}, nullptr);
  CHECK(request.image.empty());
  CHECK(request.mounts.empty());
  CHECK_FALSE(request.writable);
  PodOptions native;
  native.native_image = "none";
  CHECK(resolve(native, {}, nullptr).image.empty());
}

TEST_CASE("mistakes are said even if the image is none", "[launcher][resolve]") {
  const Bench bench;
  PodOptions options = image_none();
  options.mounts = "a:/b";
  CHECK_THROWS_AS(resolve(options, {}, nullptr), UsageError);
}

TEST_CASE("an empty image is a mistake and not the host", "[launcher][resolve]") {
  const Bench bench;
  CHECK_THROWS_AS(bench.resolve_image(""), UsageError);
  CHECK_THROWS_WITH(bench.resolve_image(""), Contains("--container-image") && Contains("none"));
  PodOptions native;
  native.native_image = "";
  CHECK_THROWS_AS(resolve(native, {}, nullptr), UsageError);
}

TEST_CASE("container options without an image are refused", "[launcher][resolve]") {
  const Bench bench;
  PodOptions mounts;
  mounts.mounts = "/a:/b";
  PodOptions workdir;
  workdir.workdir = "/a";
  PodOptions writable;
  writable.writable = false;
  for (const PodOptions& options : {mounts, workdir, writable})
    CHECK_THROWS_WITH(resolve(with_environment(options), {}, nullptr),
                      "container options without an image; add --container-image=IMAGE");
  ::setenv("SABOT_CONTAINER_MOUNTS", "/a:/b", 1);  // meant for those commands that do name an image
  CHECK(resolve(with_environment({}), {}, nullptr).image.empty());
  ::unsetenv("SABOT_CONTAINER_MOUNTS");
  CHECK(resolve({}, {}, nullptr).image.empty());
}

TEST_CASE("two options that name different images are refused and the same image is one",
          "[launcher][resolve]") {
  const Bench bench;
  PodOptions options;
  options.image = "./a";
  options.native_image = "./b";
  CHECK_THROWS_WITH(resolve(options, {}, nullptr), "--container and --container-image name different images");
  if (!bench.make_image("app.sqsh")) return;
  options.image = options.native_image = "./app.sqsh";
  CHECK(resolve(options, {}, nullptr).image == bench.here.path("app.sqsh"));
}

TEST_CASE("steps inherit what the plugin's own option named and not what Slurm's did",
          "[launcher][resolve]") {
  const Bench bench;
  if (!bench.make_image("app.sqsh")) return;
  PodOptions native;
  native.native_image = "./app.sqsh";
  CHECK_FALSE(resolve(native, {}, nullptr).inherited_by_steps);
}

TEST_CASE("mounts and directory are handed on with absolute paths", "[launcher][resolve]") {
  const Bench bench;
  if (!bench.make_image("app.sqsh")) return;
  PodOptions options;
  options.image = "./app.sqsh";
  options.mounts = "./data:/data/:ro,tmpfs:/t";
  options.workdir = "//a/./b/";
  const PodRequest request = resolve(options, {}, nullptr);
  CHECK(request.mounts == bench.here.path("data") + ":/data:ro,tmpfs:/t:rw");
  CHECK(request.workdir == "/a/b");
}

TEST_CASE("a working directory that is no absolute path is refused", "[launcher][resolve]") {
  const Bench bench;
  for (const std::string& workdir : {std::string("a"), std::string(""), std::string("./a"),
                                     std::string("/a\nb"), "/" + std::string(4096, 'x')}) {
    PodOptions options;
    options.image = "none";
    options.workdir = workdir;
    CHECK_THROWS_WITH(resolve(options, {}, nullptr),
                      Contains("--container-workdir") && Contains("is no absolute path"));
  }
}

TEST_CASE("a submit directory of any letters is handed on escaped and one with a newline is refused",
          "[launcher][resolve]") {
  const Bench bench;
  if (!bench.make_image("app.sqsh")) return;
  PodOptions options;
  options.image = bench.here.path("app.sqsh");
  options.mounts = "./data:/data";
  std::filesystem::create_directory("a:b,c\\");
  std::filesystem::current_path("a:b,c\\");
  CHECK(resolve(options, {}, nullptr).mounts == bench.here.path("a\\:b\\,c\\\\/data") + ":/data:rw");
  std::filesystem::create_directory("a\nSLURM_SABOT_IMAGE=x");
  std::filesystem::current_path("a\nSLURM_SABOT_IMAGE=x");
  CHECK_THROWS_WITH(resolve(options, {}, nullptr), Contains("control characters are not accepted"));
}

TEST_CASE("namespaces to unshare are named in one order and others refused by name", "[launcher][resolve]") {
  const Bench bench;
  if (!bench.make_image("app.sqsh")) return;
  PodOptions options;
  options.image = "./app.sqsh";
  for (const auto& [written, meant] : std::vector<std::pair<std::string, std::string>>{
           {"net", "net"}, {"uts,ipc,net", "net,ipc,uts"}, {"ipc,ipc", "ipc"}}) {
    options.unshare = written;
    CHECK(resolve(options, {}, nullptr).unshare == meant);
  }
  for (const std::string wrong : {"", ",", "net,", "pid", "net,user", "NET", "net ipc", "net,\033[2J"}) {
    CAPTURE(wrong);
    options.unshare = wrong;
    CHECK_THROWS_AS(resolve(options, {}, nullptr), UsageError);
    CHECK_THROWS_WITH(resolve(options, {}, nullptr),
                      Contains("is not known; write some of net,ipc,uts") && !Contains("\033"));
  }
}

TEST_CASE("the site decides whether pods are writable where the user does not", "[launcher][resolve]") {
  const Bench bench;
  if (!bench.make_image("app.sqsh")) return;
  SiteConfig site;
  site.writable = true;
  PodOptions options;
  options.image = "./app.sqsh";
  CHECK(resolve(options, site, nullptr).writable);
  options.writable = false;
  CHECK_FALSE(resolve(options, site, nullptr).writable);
}
