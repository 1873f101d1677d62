// SPDX-License-Identifier: Apache-2.0
// test_mount_plan.cc: which mounts a pod gets and what their mount points stand on, over an image in memory.
#include "mount_plan.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "../fs/fake_image.h"
#include "sys/error.h"

using namespace sabot;
using Catch::Contains;
using sabot::test::FakeImage;
using Kind = ImageTree::Kind;

namespace {

ImageTree sample_tree(const std::string& passwd = "root:x:0:0::/:/bin/sh\n") {
  auto image = std::make_unique<FakeImage>();
  image->directory("/etc").file("/etc/passwd", passwd).directory("/usr").file("/usr/file", "x");
  image->directory("/empty").directory("/run").symlink("/var", "run").symlink("/out", "../../../etc");
  return ImageTree(std::move(image));
}

// A directory and a file on the host.
class Host {
 public:
  Host() {
    std::string name = (std::filesystem::temp_directory_path() / "sabot-plan-XXXXXX").string();
    path_ = check(::mkdtemp(name.data()) != nullptr ? 0 : -1, "mkdtemp") == 0 ? name : "";
    std::filesystem::create_directory(directory());
    std::ofstream(file()) << "content";
  }
  ~Host() { std::filesystem::remove_all(path_); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  std::string directory() const { return path_ + "/dir"; }
  std::string file() const { return path_ + "/file"; }
  std::string absent() const { return path_ + "/absent"; }

 private:
  std::string path_;
};

Mount bind_mount(const std::string& source, const std::string& target) {
  return {.source = source, .target = target, .why = "--container-mounts"};
}

Mount tmpfs(const std::string& target) {
  return {.kind = MountKind::tmpfs, .source = {}, .target = target, .why = "default"};
}

PlannedMount planned(Mount mount, Ground ground) { return {.mount = std::move(mount), .ground = ground}; }

PodManifest pod_of(std::vector<Mount> mounts) {
  PodManifest pod;
  pod.pod = "7.0";
  pod.mounts = std::move(mounts);
  return pod;
}

std::string content(const ImageTree& tree, const std::string& path) {
  return tree.read_image_file(path, 1 << 20).value_or("(missing)");
}

std::string passwd_with(const std::string& before, const std::string& line, unsigned key_field = 2) {
  ImageTree tree = sample_tree(before);
  PodManifest pod;
  pod.lines = {{"/etc/passwd", line, key_field}};
  add_lines(pod, tree);
  return content(tree, "/etc/passwd");
}

}  // namespace

TEST_CASE("a mount point stands on the last mount that covers it", "[stage1][mounts]") {
  const std::vector<PlannedMount> earlier = {
      planned(bind_mount("/h", "/data"), Ground::image),
      planned(tmpfs("/data/scratch"), Ground::host),
      planned(tmpfs("/tmp"), Ground::image),
      planned(bind_mount("/h", "/tmp/host"), Ground::tmpfs),
      planned(tmpfs("/tmp/host/again"), Ground::host),
      planned(tmpfs("/data"), Ground::image),
      planned(bind_mount("/h", "/data/scratch2"), Ground::tmpfs),
  };
  struct Row {
    const char* target;
    Ground ground;
  };
  const Row rows[] = {
      {"/other", Ground::image},          {"/", Ground::image},
      {"/datas", Ground::image},   // a name that begins like a mount is not below it
      {"/data/x", Ground::tmpfs},  // the tmpfs lies upon the bind
      {"/data/scratch2/x", Ground::host}, {"/data/scratch2", Ground::tmpfs},
      {"/tmp/a/b", Ground::tmpfs},        {"/tmp/host/x", Ground::host},
      {"/tmp/host", Ground::tmpfs},       {"/tmp/host/again/x", Ground::tmpfs},
      {"/tmp/host/again", Ground::host},  {"/tmp", Ground::image},
      {"/data", Ground::image},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    CHECK(ground_of(earlier, row.target) == row.ground);
  }
  CHECK(ground_of({}, "/x") == Ground::image);
}

TEST_CASE("a mount point that the image lacks becomes a synthetic entry of its source's kind",
          "[stage1][mounts]") {
  const Host host;
  ImageTree tree = sample_tree();
  const MountPlan plan = plan_mounts(pod_of({bind_mount(host.directory(), "/new/dir"),
                                             bind_mount(host.file(), "/new/file"), tmpfs("/fresh")}),
                                     tree);
  REQUIRE(plan.mounts.size() == 3);
  CHECK(plan.mounts[0].directory);
  CHECK_FALSE(plan.mounts[1].directory);
  CHECK(plan.mounts[2].directory);
  CHECK(tree.kind_of("/new/dir") == Kind::directory);
  CHECK(tree.kind_of("/new/file") == Kind::file);
  CHECK(tree.kind_of("/fresh") == Kind::directory);
  CHECK(content(tree, "/new/file").empty());
}

TEST_CASE("below a mount of the pod nothing is added to the image", "[stage1][mounts]") {
  const Host host;
  ImageTree tree = sample_tree();
  const MountPlan plan = plan_mounts(pod_of({tmpfs("/tmp"), bind_mount(host.directory(), "/tmp/a/b"),
                                             bind_mount(host.directory(), "/tmp/a/b/c")}),
                                     tree);
  REQUIRE(plan.mounts.size() == 3);
  CHECK(plan.mounts[1].ground == Ground::tmpfs);
  CHECK(plan.mounts[2].ground == Ground::host);
  CHECK(tree.kind_of("/tmp/a") == Kind::missing);
}

TEST_CASE("a source that is missing is refused with its name and who asked", "[stage1][mounts]") {
  const Host host;
  ImageTree tree = sample_tree();
  CHECK_THROWS_WITH(
      plan_mounts(pod_of({bind_mount(host.absent(), "/data")}), tree),
      "build pod 7.0: bind " + host.absent() +
          " onto /data (--container-mounts): the source on this node: No such file or directory");
  CHECK_THROWS_WITH(plan_mounts(pod_of({bind_mount(host.file() + "/x", "/data")}), tree),
                    Contains("Not a directory"));
  CHECK(tree.kind_of("/data") == Kind::missing);
}

TEST_CASE("control characters of a source are escaped in the message", "[stage1][mounts]") {
  ImageTree tree = sample_tree();
  CHECK_THROWS_WITH(plan_mounts(pod_of({bind_mount("/no\033[2J", "/data")}), tree),
                    Contains("bind /no\\x1b[2J onto"));
}

TEST_CASE("a mount that may be missing is left out when it is", "[stage1][mounts]") {
  const Host host;
  ImageTree tree = sample_tree();
  Mount gone = bind_mount(host.absent(), "/gone");
  gone.if_present = true;
  Mount below_file = bind_mount(host.file() + "/x", "/gone");
  below_file.if_present = true;
  Mount there = bind_mount(host.directory(), "/there");
  there.if_present = true;
  const MountPlan plan = plan_mounts(pod_of({gone, below_file, there}), tree);
  REQUIRE(plan.mounts.size() == 1);
  CHECK(plan.mounts[0].mount == there);
  CHECK(tree.kind_of("/gone") == Kind::missing);
}

TEST_CASE("umount takes the topmost mount at its target and what lies upon it", "[stage1][mounts]") {
  const Host host;
  const Mount umount{.kind = MountKind::umount, .source = {}, .target = "/m", .why = "--container-mounts"};
  const auto targets = [](const MountPlan& plan) {
    std::string text;
    for (const PlannedMount& planned : plan.mounts) text += planned.mount.target + " ";
    return text;
  };
  const std::vector<Mount> both = {tmpfs("/m"), bind_mount(host.directory(), "/m/first"), tmpfs("/m"),
                                   bind_mount(host.directory(), "/m/second"), tmpfs("/other")};
  std::vector<Mount> once = both;
  once.push_back(umount);
  ImageTree tree = sample_tree();
  CHECK(targets(plan_mounts(pod_of(once), tree)) == "/m /m/first /other ");
  std::vector<Mount> twice = once;
  twice.push_back(umount);
  CHECK(targets(plan_mounts(pod_of(twice), tree)) == "/other ");
  twice.push_back(umount);
  CHECK_THROWS_WITH(plan_mounts(pod_of(twice), tree),
                    Contains("unmount /m (--container-mounts): no mount of this pod is there"));
  twice.back().if_present = true;
  CHECK(plan_mounts(pod_of(twice), tree).mounts.size() == 1);
  Mount through_link = umount;
  through_link.target = "/var/x";
  CHECK(targets(plan_mounts(pod_of({tmpfs("/run/x"), through_link}), tree)).empty());
}

TEST_CASE("ranks do not start in a submit directory that was unmounted", "[stage1][mounts]") {
  const Host host;
  Mount submit = bind_mount(host.directory(), "/home/u");
  submit.unless_hiding = true;
  const Mount umount{.kind = MountKind::umount, .source = {}, .target = "/home/u", .why = "x"};
  ImageTree tree = sample_tree();
  CHECK(plan_mounts(pod_of({submit, umount}), tree).workdir == "/");
  PodManifest asked = pod_of({submit, umount});
  asked.workdir = "/home/u";
  CHECK(plan_mounts(asked, tree).workdir == "/home/u");
}

TEST_CASE("a mount that may hide nothing is made where nothing or an empty directory is",
          "[stage1][mounts]") {
  const Host host;
  for (const auto& [target, wanted] : std::vector<std::pair<std::string, bool>>{{"/usr", false},
                                                                                {"/usr/file", false},
                                                                                {"/etc", false},
                                                                                {"/empty", true},
                                                                                {"/home/u", true},
                                                                                {"/run", true}}) {
    CAPTURE(target);
    ImageTree tree = sample_tree();
    Mount mount = bind_mount(host.directory(), target);
    mount.unless_hiding = true;
    const MountPlan plan = plan_mounts(pod_of({mount}), tree);
    CHECK(plan.mounts.size() == (wanted ? 1 : 0));
    CHECK(plan.workdir == (wanted ? target : "/"));
  }
}

TEST_CASE("ranks start where was asked, else in the submit directory, else at the root", "[stage1][mounts]") {
  const Host host;
  Mount submit = bind_mount(host.directory(), "/home/u");
  submit.unless_hiding = true;
  Mount second = bind_mount(host.directory(), "/home/v");
  second.unless_hiding = true;
  PodManifest pod = pod_of({bind_mount(host.directory(), "/data"), submit, second});
  ImageTree tree = sample_tree();
  CHECK(plan_mounts(pod, tree).workdir == "/home/u");
  pod.workdir = "/asked";
  CHECK(plan_mounts(pod, tree).workdir == "/asked");
  CHECK(plan_mounts(pod_of({}), tree).workdir == "/");
}

TEST_CASE("the image's own directory is made when it is missing and lies in the image", "[stage1][mounts]") {
  const Host host;
  PodManifest pod = pod_of({bind_mount(host.directory(), "/data")});
  pod.workdir = "/srv/app";
  ImageTree unasked = sample_tree();
  plan_mounts(pod, unasked);
  CHECK(unasked.kind_of("/srv/app") == Kind::missing);
  pod.make_workdir = true;
  ImageTree tree = sample_tree();
  plan_mounts(pod, tree);
  CHECK(tree.kind_of("/srv/app") == Kind::directory);
  pod.workdir = "/data/app";
  ImageTree covered = sample_tree();
  plan_mounts(pod, covered);
  CHECK(covered.kind_of("/data/app") == Kind::missing);
}

TEST_CASE("a target through a symlink of the image stays in the image", "[stage1][mounts]") {
  const Host host;
  ImageTree tree = sample_tree();
  plan_mounts(pod_of({bind_mount(host.directory(), "/var/data"), bind_mount(host.directory(), "/out/data")}),
              tree);
  CHECK(tree.kind_of("/run/data") == Kind::directory);
  CHECK(tree.kind_of("/etc/data") == Kind::directory);
}

TEST_CASE("a mount point below a file is refused and says who asked", "[stage1][mounts]") {
  const Host host;
  ImageTree tree = sample_tree();
  CHECK_THROWS_WITH(plan_mounts(pod_of({bind_mount(host.directory(), "/usr/file/x")}), tree),
                    Contains("make the mount point /usr/file/x (--container-mounts)"));
  CHECK_THROWS_AS(plan_mounts(pod_of({bind_mount(host.directory(), "/usr/file")}), tree), Refused);
  CHECK_THROWS_AS(plan_mounts(pod_of({bind_mount(host.file(), "/usr")}), tree), Refused);
}

TEST_CASE("the caller's line is added once by the number of the user", "[stage1][lines]") {
  const std::string root = "root:x:0:0::/:/bin/sh\n";
  CHECK(passwd_with(root, "me:x:5:5::/:/bin/sh") == root + "me:x:5:5::/:/bin/sh\n");
  CHECK(passwd_with(root, "toor:x:0:0::/:/bin/sh") == root);  // the uid is there under another name
  CHECK(passwd_with(root, "root:x:5:5::/:/bin/sh") == root + "root:x:5:5::/:/bin/sh\n");
  CHECK(passwd_with("a:x:50:50\nb:x:15:5\n", "me:x:5:1:") == "a:x:50:50\nb:x:15:5\nme:x:5:1:\n");
  CHECK(passwd_with(root, "root:x:9:9", 0) == root);  // keyed by name
}

TEST_CASE("the caller's line begins a line of its own whatever the file is like", "[stage1][lines]") {
  CHECK(passwd_with("root:x:0:0", "me:x:5:5") == "root:x:0:0\nme:x:5:5\n");
  CHECK(passwd_with("", "me:x:5:5") == "me:x:5:5\n");
  CHECK(passwd_with("\n\nshort\n:\n", "me:x:5:5") == "\n\nshort\n:\nme:x:5:5\n");
  CHECK(passwd_with("last:x:5:5", "me:x:5:5") == "last:x:5:5");
}

TEST_CASE("a file that the image lacks is made of the caller's line", "[stage1][lines]") {
  ImageTree tree{std::make_unique<FakeImage>()};
  PodManifest pod;
  pod.lines = {{"/etc/passwd", "me:x:5:5", 2}, {"/etc/group", "us:x:5:", 2}};
  add_lines(pod, tree);
  CHECK(content(tree, "/etc/passwd") == "me:x:5:5\n");
  CHECK(content(tree, "/etc/group") == "us:x:5:\n");
}

TEST_CASE("a directory in place of an account file is refused with its name", "[stage1][lines]") {
  auto image = std::make_unique<FakeImage>();
  image->directory("/etc").directory("/etc/passwd");
  ImageTree tree{std::move(image)};
  PodManifest pod;
  pod.lines = {{"/etc/passwd", "me:x:5:5", 2}};
  CHECK_THROWS_WITH(add_lines(pod, tree), Contains("add the caller to /etc/passwd"));
}
