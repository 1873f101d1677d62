// SPDX-License-Identifier: Apache-2.0
// test_archives.cc: images in a tar: layouts, and what every generation of docker save writes.
#include <fcntl.h>

#include <catch2/catch.hpp>

#include "images/digest.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;

namespace {

const std::string kLower = Tar().file("lower", "1").file("both", "old").bytes();
const std::string kUpper = Tar().file("upper", "2").file("both", "new").file(".wh.lower", "").bytes();
const std::string kLowerId = std::string(64, 'a');
const std::string kUpperId = std::string(64, 'b');

/// What import makes of `archive`, called `reference` before its path; `selector` after it.
struct Archive {
  Scratch scratch;
  fs::path file = scratch / "archive";
  ImportResult result;
  explicit Archive(std::string_view bytes) { write_text(file, bytes); }
  void import(const std::string& kind, const std::string& selector = "") {
    result = import_to(kind + file.string() + selector, scratch / "image");
  }
  /// "name=content" of all files, sorted.
  std::string files() {
    return output_of("cd " + quote(scratch.path()) +
                     " && rm -rf t && unsquashfs -q -n -d t image >/dev/null && cd t && "
                     "for f in $(find . -type f ! -path './.sabot/*' | sort); do echo \"$f=$(cat $f)\"; done "
                     "| tr '\\n' ' '");
  }
};

const char* const kMerged = "./both=new ./upper=2 ";

std::string tar_of(const fs::path& directory, const std::string& names) {
  return output_of("tar -C " + quote(directory) + " -cf - " + names);
}

std::string config_of(const std::vector<std::string>& layers, const std::string& config = "{}") {
  std::string ids;
  for (const std::string& layer : layers) ids += (ids.empty() ? "\"" : ",\"") + sha256_of(layer) + "\"";
  return R"({"os":"linux","architecture":"amd64","config":)" + config +
         R"(,"rootfs":{"type":"layers","diff_ids":[)" + ids + "]}}";
}

/// The second generation: manifest.json last, as Docker wrote it.
std::string docker_save(const std::string& config, const std::string& tags = R"(["a/b:1"])") {
  const std::string name = sha256_of(config).substr(7) + ".json";
  return Tar()
      .directory(kLowerId)
      .file(kLowerId + "/VERSION", "1.0")
      .file(kLowerId + "/layer.tar", kLower)
      .file(kUpperId + "/layer.tar", kUpper)
      .file(name, config)
      .file("manifest.json", R"([{"Config":")" + name + R"(","RepoTags":)" + tags + R"(,"Layers":[")" +
                                 kLowerId + R"(/layer.tar",")" + kUpperId + R"(/layer.tar"]}])")
      .bytes();
}

Tar first_generation(const std::string& parent_of_lower = "") {
  const std::string parent = parent_of_lower.empty() ? "" : R"(,"parent":")" + parent_of_lower + "\"";
  return Tar()
      .file(kUpperId + "/VERSION", "1.0")
      .file(kUpperId + "/json",
            R"({"id":")" + kUpperId + R"(","parent":")" + kLowerId +
                R"(","os":"linux","architecture":"amd64","config":{"Env":["A=1"],"Cmd":["sh"]}})")
      .file(kUpperId + "/layer.tar", kUpper)
      .file(kLowerId + "/json", R"({"id":")" + kLowerId + "\"" + parent + "}")
      .file(kLowerId + "/layer.tar", kLower);
}

}  // namespace

TEST_CASE("a layout in a tar is read whatever the order of its entries and its compression",
          "[images][archive]") {
  const Scratch scratch;
  Layout layout(scratch / "l");
  layout.layer(kLower).layer(kUpper, "zstd").finish(R"({"Env":["A=1"]})");
  const auto [names, packing] =
      GENERATE(table<std::string, std::string>({{"oci-layout index.json blobs", ""},
                                                {"blobs index.json oci-layout", ""},
                                                {"./blobs ./oci-layout ./index.json", ""},
                                                {".", "gzip"},
                                                {"blobs index.json oci-layout", "xz"},
                                                {"index.json blobs oci-layout", "zstd"}}));
  CAPTURE(names, packing);
  Archive archive(pack(tar_of(layout.path(), names), packing));
  archive.import("oci-archive:");
  CHECK(archive.files() == kMerged);
  CHECK(archive.result.launch.env == std::vector<std::string>{"A=1"});
  archive.import("");  // told by its content
  CHECK(archive.files() == kMerged);
}

TEST_CASE("a layout in a tar is checked like one in a directory", "[images][archive]") {
  const Scratch scratch;
  Layout layout(scratch / "l");
  layout.layer(kLower, "").finish();
  write_text(layout.blob_file(sha256_of(kLower)), std::string(kLower.size(), 'x'));
  Archive wrong(tar_of(layout.path(), "."));
  CHECK_THROWS_AS(wrong.import("oci-archive:"), sabot::Refused);
  fs::remove(layout.blob_file(sha256_of(kLower)));
  fs::create_symlink("/etc/passwd", layout.blob_file(sha256_of(kLower)));
  Archive outside(tar_of(layout.path(), "."));
  CHECK_THROWS_WITH(outside.import("oci-archive:"), Contains("the archive has no file 'blobs/sha256/"));
  Archive none(Tar().file("oci-layout", R"({"imageLayoutVersion":"2.0.0"})").bytes());
  CHECK_THROWS_WITH(none.import("oci-archive:"), Contains("only version 1 is known"));
  CHECK_THROWS_WITH(Archive("text, not a tar").import("oci-archive:"), Contains("import"));
  CHECK_THROWS_WITH(Archive("").import("oci-archive:"), Contains("empty"));
}

TEST_CASE("a layout in a tar of several images wants a name", "[images][archive]") {
  const Scratch scratch;
  Layout layout(scratch / "l");
  const auto named = [&](std::string entry, const std::string& name) {
    entry.insert(entry.size() - 1, R"(,"annotations":{"org.opencontainers.image.ref.name":")" + name + "\"}");
    return entry;
  };
  const std::string one = named(layout.layer(kLower).finish(), "one");
  const std::string two = named(layout.layer(kUpper).finish(), "two:2");
  layout.index({one, two});
  Archive archive(tar_of(layout.path(), "."));
  CHECK_THROWS_WITH(archive.import("oci-archive:"), Contains("one, two:2"));
  archive.import("oci-archive:", ":two:2");
  CHECK(archive.files() == kMerged);
  archive.import("oci-archive:", ":one");
  CHECK(archive.files() == "./both=old ./lower=1 ");
}

TEST_CASE("docker save's archive with a manifest is read, its layers checked by diff_id",
          "[images][archive]") {
  const std::string config = config_of({kLower, kUpper}, R"({"Cmd":["sh"],"WorkingDir":"/w"})");
  const std::string packing = GENERATE("", "gzip");
  Archive archive(pack(docker_save(config), packing));
  archive.import(GENERATE("docker-archive:", ""));
  CHECK(archive.files() == kMerged);
  CHECK(archive.result.launch.working_dir == "/w");
  CHECK(archive.result.source_digest == sha256_of(config));
  Archive other(docker_save(config_of({kUpper, kUpper})));
  CHECK_THROWS_WITH(other.import("docker-archive:"), Contains("has the digest"));
  Archive fewer(docker_save(config_of({kUpper})));
  CHECK_THROWS_WITH(fewer.import("docker-archive:"), Contains("1 diff_ids for 2 layers"));
  std::string renamed = docker_save(config);  // the configuration is not what its file is called
  const std::string id = sha256_of(config).substr(7);
  for (std::size_t at = 0; (at = renamed.find(id, at)) != std::string::npos;)
    renamed.replace(at, 64, kUpperId);
  Archive lie(pack(renamed, ""));
  CHECK_THROWS_AS(lie.import("docker-archive:"), sabot::Refused);
}

TEST_CASE("docker save's layers may be links to each other, but not out of the archive",
          "[images][archive]") {
  const auto with_lower = [](const auto& link) {
    const std::string config = config_of({kUpper, kUpper, kLower});
    Tar tar;
    link(tar.file("config.json", config).file("real.tar", kUpper).file("other/layer.tar", kLower));
    tar.file(
        "manifest.json",
        R"([{"Config":"config.json","RepoTags":null,"Layers":["x/layer.tar","real.tar","other/layer.tar"]}])");
    return tar.bytes();
  };
  Archive symlink(with_lower([](Tar& tar) { tar.symlink("x/layer.tar", "../real.tar"); }));
  symlink.import("docker-archive:");
  CHECK(symlink.files() == "./both=old ./lower=1 ./upper=2 ");
  Archive hard(with_lower([](Tar& tar) { tar.hard_link("x/layer.tar", "real.tar"); }));
  hard.import("docker-archive:");
  Archive outside(with_lower([](Tar& tar) { tar.symlink("x/layer.tar", "../../real.tar"); }));
  CHECK_THROWS_WITH(outside.import("docker-archive:"), Contains("no file 'x/layer.tar'"));
  Archive absolute(with_lower([](Tar& tar) { tar.symlink("x/layer.tar", "/etc/passwd"); }));
  CHECK_THROWS_WITH(absolute.import("docker-archive:"), Contains("no file 'x/layer.tar'"));
  Archive loop(with_lower([](Tar& tar) { tar.symlink("x/layer.tar", "y").symlink("x/y", "layer.tar"); }));
  CHECK_THROWS_WITH(loop.import("docker-archive:"), Contains("links without end"));
  Archive directory(with_lower([](Tar& tar) { tar.directory("x/layer.tar"); }));
  CHECK_THROWS_WITH(directory.import("docker-archive:"), Contains("no file 'x/layer.tar'"));
  std::string climbing = with_lower([](Tar& tar) { tar.file("x/layer.tar", kUpper); });
  climbing.replace(climbing.find(R"("real.tar")"), 10, R"("../l.tar")");
  CHECK_THROWS_WITH(Archive(climbing).import("docker-archive:"), Contains("leaves the image root"));
}

TEST_CASE("of several images in docker save's archive one is chosen by its tag", "[images][archive]") {
  const std::string one = config_of({kLower});
  const std::string two = config_of({kUpper});
  const auto manifest = R"([{"Config":"one","RepoTags":["debian:latest","x/y:1"],"Layers":["l"]},)"
                        R"({"Config":"two","RepoTags":["example.org:5000/z:2"],"Layers":["u"]},)"
                        R"({"Config":"two","RepoTags":null,"Layers":["u"]}])";
  Archive archive(Tar()
                      .file("manifest.json", manifest)
                      .file("one", one)
                      .file("two", two)
                      .file("l", kLower)
                      .file("u", kUpper)
                      .bytes());
  CHECK_THROWS_WITH(archive.import("docker-archive:"), Contains("debian:latest, example.org:5000/z:2, @2"));
  CHECK_THROWS_WITH(archive.import("docker-archive:", ":none"), Contains("no image 'none'"));
  CHECK_THROWS_WITH(archive.import("docker-archive:", ":@3"), Contains("no image '@3'"));
  for (const char* selector : {":debian", ":docker.io/library/debian:latest", ":x/y:1", ":@0"}) {
    archive.import("docker-archive:", selector);
    CHECK(archive.result.source_digest == sha256_of(one));
  }
  for (const char* selector : {":example.org:5000/z:2", ":@2"}) {
    archive.import("docker-archive:", selector);
    CHECK(archive.result.source_digest == sha256_of(two));
  }
}

TEST_CASE("docker save's first generation, without a manifest, is read through its parents",
          "[images][archive]") {
  const std::string repositories = R"({"a/b":{"1":")" + kUpperId + R"("}})";
  Archive named(first_generation().file("repositories", repositories).bytes());
  named.import(GENERATE("docker-archive:", ""), "");
  CHECK(named.files() == kMerged);
  CHECK(named.result.launch.env == std::vector<std::string>{"A=1"});
  CHECK_THAT(named.result.notes.at(0), Contains("could not be checked"));
  named.import("docker-archive:", ":a/b:1");
  Archive unnamed(first_generation().bytes());
  unnamed.import("docker-archive:");
  CHECK(unnamed.files() == kMerged);
  Archive loop(first_generation(kUpperId).file("repositories", repositories).bytes());
  CHECK_THROWS_WITH(loop.import("docker-archive:"), Contains("its own ancestor"));
  Archive climbing(first_generation("../../etc").file("repositories", repositories).bytes());
  CHECK_THROWS_WITH(climbing.import("docker-archive:"), Contains("not 64 hex digits"));
  Archive injected(first_generation().file("repositories", R"({"a":{"1":"../../x"}})").bytes());
  CHECK_THROWS_WITH(injected.import("docker-archive:"), Contains("not 64 hex digits"));
  CHECK_THROWS_WITH(Archive(Tar().file("etc/passwd", "x").bytes()).import("docker-archive:"),
                    Contains("not an archive of docker save"));
}

TEST_CASE("docker save's archive since Docker 25 is a layout too, and read as Docker means it",
          "[images][archive]") {
  const Scratch scratch;
  Layout layout(scratch / "l");
  layout.layer(kLower, "").layer(kUpper, "gzip").finish();
  const std::string config = config_of({kLower, kUpper});
  const auto at = [](const std::string& bytes) { return "blobs/sha256/" + sha256_of(bytes).substr(7); };
  write_text(layout.path() / at(config), config);
  write_text(layout.path() / "manifest.json", R"([{"Config":")" + at(config) +
                                                  R"(","RepoTags":["a:1"],"Layers":[")" + at(kLower) +
                                                  R"(",")" + at(pack(kUpper, "gzip")) + R"("]}])");
  Archive archive(tar_of(layout.path(), "blobs index.json manifest.json oci-layout"));
  archive.import("docker-archive:", ":a:1");
  CHECK(archive.files() == kMerged);
  archive.import("oci-archive:");
  CHECK(archive.files() == kMerged);
  archive.import("");
  CHECK(archive.result.source_digest == sha256_of(config));
}
