// SPDX-License-Identifier: Apache-2.0
// test_pod_builder.cc: what a pod is made of, from true requests and from forged ones.
#include "pod_builder.h"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "support.h"
#include "sys/error.h"

using namespace sabot;
using Catch::Contains;
using sabot::test::Request;

namespace {

PodManifest build(const Request& request, const SiteConfig& site = {},
                  const images::LaunchConfig& image = {}) {
  return build_manifest(request.reader(), site, image);
}

std::vector<std::string> targets(const std::vector<Mount>& mounts) {
  std::vector<std::string> names;
  for (const Mount& mount : mounts) names.push_back(mount.target);
  return names;
}

const Mount& mount_at(const std::vector<Mount>& mounts, const std::string& target) {
  const auto found =
      std::find_if(mounts.begin(), mounts.end(), [&](const Mount& mount) { return mount.target == target; });
  REQUIRE(found != mounts.end());
  return *found;
}

}  // namespace

TEST_CASE("the image's variables are the ranks' but for those that are a rank's own", "[launcher][pod]") {
  const std::vector<std::string> own = {"SLURM_JOB_ID=1",
                                        "SLURMD_NODENAME=x",
                                        "PMI_RANK=1",
                                        "PMI2_X=1",
                                        "PMIX_RANK=1",
                                        "SPANK_X=1",
                                        "CUDA_VISIBLE_DEVICES=0",
                                        "NVIDIA_VISIBLE_DEVICES=all",
                                        "ROCR_VISIBLE_DEVICES=0",
                                        "HIP_VISIBLE_DEVICES=0",
                                        "GPU_DEVICE_ORDINAL=0",
                                        "ZE_AFFINITY_MASK=0"};
  const std::vector<std::string> images = {"PATH=/bin",       "PMI=1", "CUDA_VISIBLE_DEVICES_X=0",
                                           "MY_SLURM=1",      "A=B=C", "slurm_job_id=1",
                                           "CUDA_HOME=/cuda", "EMPTY="};
  std::vector<std::string> all = own;
  all.insert(all.end(), images.begin(), images.end());
  CHECK(image_environment(all) == images);
  CHECK(image_environment({}) ==
        std::vector<std::string>{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"});
}

TEST_CASE("every pod has proc and sys and dev and a tmp of its own", "[launcher][pod]") {
  SiteConfig site;
  site.tmp_bytes = 1 << 20;
  const std::vector<Mount> mounts = default_mounts(site, "", {}, {});
  CHECK(targets(mounts) ==
        std::vector<std::string>{"/proc", "/sys", "/dev", "/tmp", "/etc/resolv.conf", "/etc/hosts"});
  CHECK(mount_at(mounts, "/sys").read_only);
  CHECK_FALSE(mount_at(mounts, "/proc").read_only);
  CHECK(mount_at(mounts, "/tmp").kind == MountKind::tmpfs);
  CHECK(mount_at(mounts, "/tmp").mode == 01777);
  CHECK(mount_at(mounts, "/tmp").size_bytes == 1 << 20);
  CHECK(mount_at(mounts, "/etc/hosts").if_present);
  CHECK(mount_at(mounts, "/etc/hosts").read_only);
  for (const Mount& mount : mounts) CHECK(mount.devices == (mount.target == "/dev"));
}

TEST_CASE("the submit directory is bound where it hides nothing and the script read-only",
          "[launcher][pod]") {
  const std::vector<Mount> mounts = default_mounts({}, "/home/u", {"/pmi/../pmix"}, {"/spool/job1/script"});
  const Mount& submit = mount_at(mounts, "/home/u");
  CHECK(submit.unless_hiding);
  CHECK_FALSE(submit.read_only);
  CHECK_FALSE(submit.if_present);
  CHECK(mount_at(mounts, "/spool/job1/script").read_only);
  CHECK(mount_at(mounts, "/pmix").source == "/pmix");
  CHECK(mount_at(mounts, "/pmix").if_present);
  CHECK(targets(default_mounts({}, "/", {}, {})).size() == 6);  // the host's root is never bound
}

TEST_CASE("a site leaves out default mounts by their target", "[launcher][pod]") {
  SiteConfig site;
  site.without_mounts = {"/tmp", "/etc/hosts", "/tm"};
  CHECK(targets(default_mounts(site, "", {}, {})) ==
        std::vector<std::string>{"/proc", "/sys", "/dev", "/etc/resolv.conf"});
}

TEST_CASE("a pod is made of the request and the site and the image", "[launcher][pod]") {
  SiteConfig site;
  site.writable_bytes = 5;
  site.task_prolog = "/site/./prolog";
  site.mounts = {{.source = "/site", .target = "/site", .why = "site configuration"}};
  images::LaunchConfig image;
  image.env = {"PATH=/bin", "SLURM_X=1"};
  image.working_dir = "srv//app/";
  const Request request({{name::kPod, "42.0.1"},
                         {name::kLocalRanks, "128"},
                         {name::kMounts, "/a:/b:ro,tmpfs:/t"},
                         {name::kWritable, "1"},
                         {name::kSubmitDir, "/home/u"},
                         {name::kPmiDir, "/pmi1"},
                         {name::kPmiDir, "/pmi2"},
                         {name::kScript, "/spool/script"},
                         {name::kScript, "/home/u/bin/prolog"},
                         {"from-a-newer-release", "x"}});
  const PodManifest pod = build(request, site, image);
  CHECK(pod.pod == "42.0.1");
  CHECK(pod.inside_uid == ::geteuid());
  CHECK(pod.inside_gid == ::getegid());
  CHECK(pod.local_ranks == 128);
  CHECK(pod.writable);
  CHECK(pod.writable_bytes == 5);
  CHECK(pod.env == std::vector<std::string>{"PATH=/bin"});
  CHECK(pod.workdir == "/srv/app");
  CHECK(pod.make_workdir);
  CHECK(targets(pod.mounts) == std::vector<std::string>{"/proc", "/sys", "/dev", "/tmp", "/etc/resolv.conf",
                                                        "/etc/hosts", "/pmi1", "/pmi2", "/home/u",
                                                        "/spool/script", "/home/u/bin/prolog", "/site/prolog",
                                                        "/site", "/b", "/t"});
  CHECK(mount_at(pod.mounts, "/b").read_only);
  CHECK(mount_at(pod.mounts, "/b").why == "--container-mounts");
  CHECK(decode_manifest(encode(pod)) == pod);
}

TEST_CASE("the caller has a line in passwd and group whatever his account is", "[launcher][pod]") {
  const PodManifest pod = build(Request({}));
  REQUIRE(pod.lines.size() == 2);
  CHECK(pod.lines[0].path == "/etc/passwd");
  CHECK_THAT(pod.lines[0].line,
             Contains(":x:" + std::to_string(::geteuid()) + ":" + std::to_string(::getegid()) + ":"));
  CHECK(std::count(pod.lines[0].line.begin(), pod.lines[0].line.end(), ':') == 6);
  CHECK(pod.lines[1].path == "/etc/group");
  CHECK(std::count(pod.lines[1].line.begin(), pod.lines[1].line.end(), ':') == 3);
  for (const FileLine& line : pod.lines) {
    CHECK(line.key_field == 2);
    CHECK(line.line.find('\n') == std::string::npos);
  }
}

TEST_CASE("a directory that was asked for is not made and wins over the image's", "[launcher][pod]") {
  images::LaunchConfig image;
  image.working_dir = "/srv/app";
  const PodManifest pod = build(Request({{name::kWorkdir, "/a/../b/"}}), {}, image);
  CHECK(pod.workdir == "/b");
  CHECK_FALSE(pod.make_workdir);
  CHECK(build(Request({})).workdir.empty());
}

TEST_CASE("an image's working directory cannot climb out", "[launcher][pod]") {
  images::LaunchConfig image;
  image.working_dir = "../../../etc";
  CHECK(build(Request({}), {}, image).workdir == "/etc");
}

TEST_CASE("a forged request with relative paths is refused", "[launcher][pod]") {
  for (const char* field : {name::kWorkdir, name::kSubmitDir, name::kScript, name::kPmiDir}) {
    CAPTURE(field);
    CHECK_THROWS_AS(build(Request({{field, "etc"}})), Refused);
    CHECK_THROWS_WITH(build(Request({{field, "../e\x01"}})),
                      Contains(std::string(field) + " '../e\\x01' is no absolute path"));
  }
  CHECK_THROWS_AS(build(Request({{name::kMounts, "etc:/x"}})), UsageError);
}

TEST_CASE("a forged request with control characters is refused", "[launcher][pod]") {
  for (const char* field :
       {name::kWorkdir, name::kSubmitDir, name::kScript, name::kPmiDir, name::kMounts, name::kPod}) {
    CAPTURE(field);
    CHECK_THROWS_WITH(build(Request({{field, "/a\n\033[2J"}})), Contains("/a\\x0a\\x1b[2J"));
  }
}

TEST_CASE("a forged number of local ranks is refused", "[launcher][pod]") {
  for (const char* count : {"0", "-1", "65537", "4294967297", "18446744073709551617", "99999999999999999999",
                            "1x", "0x10", " 1", "", "many"}) {
    CAPTURE(count);
    CHECK_THROWS_WITH(build(Request({{name::kLocalRanks, count}})), Contains("local ranks"));
  }
  CHECK(build(Request({{name::kLocalRanks, "65536"}})).local_ranks == 65536);
  CHECK(build(Request({})).local_ranks == 1);
}

TEST_CASE("only a 1 makes a pod writable", "[launcher][pod]") {
  CHECK(build(Request({{name::kWritable, "1"}})).writable);
  for (const char* other : {"0", "", "yes", "11", "2"})
    CHECK_FALSE(build(Request({{name::kWritable, other}})).writable);
}

TEST_CASE("the first of repeated strings in a request counts", "[launcher][pod]") {
  CHECK(build(Request({{name::kWorkdir, "/one"}, {name::kWorkdir, "two"}})).workdir == "/one");
}
