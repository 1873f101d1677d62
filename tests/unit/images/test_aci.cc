// SPDX-License-Identifier: Apache-2.0
// test_aci.cc: App Container images: manifest, archive, dependencies, whitelists.
#include <catch2/catch.hpp>

#include "images/aci_manifest.h"
#include "images/digest.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;

namespace {

/// A manifest with `more` members.
std::string manifest(const std::string& name, const std::string& more = "") {
  return R"({"acKind":"ImageManifest","acVersion":"0.8.11","name":")" + name + "\"" + more + "}";
}

std::string labelled(const std::string& name, const std::string& value) {
  return R"(,"labels":[{"name":")" + name + R"(","value":")" + value + R"("}])";
}

std::string depends_on(const std::vector<std::string>& entries) {
  std::string list;
  for (const std::string& entry : entries) list += (list.empty() ? "" : ",") + entry;
  return R"(,"dependencies":[)" + list + "]";
}

std::string on(const std::string& name, const std::string& more = "") {
  return R"({"imageName":")" + name + "\"" + more + "}";
}

std::string sha512_of(const std::string& bytes) {
  Hash hash(Hash::Kind::sha512);
  hash.update({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  return hash.digest();
}

Tar aci(const std::string& text) { return Tar().file("manifest", text).directory("rootfs"); }

struct Dir {
  Scratch scratch;
  ImportResult result;
  void add(const std::string& name, std::string_view bytes) { write_text(scratch / name, bytes); }
  void import(const std::string& kind = "aci:") {
    result = import_to(kind + (scratch / "top.aci").string(), scratch / "image");
  }
  /// "name=content" of all files, sorted.
  std::string files() {
    return output_of("cd " + quote(scratch.path()) +
                     " && rm -rf t && unsquashfs -q -n -d t image >/dev/null && cd t && "
                     "for f in $(find . -type f ! -path './.sabot/*' | sort); do echo \"$f=$(cat $f)\"; done "
                     "| tr '\\n' ' '");
  }
  /// Import a top image of these bytes, alone.
  void only(std::string_view bytes) {
    add("top.aci", bytes);
    import();
  }
};

}  // namespace

TEST_CASE("an App Container image's app becomes the launch configuration", "[images][aci]") {
  const AciManifest parsed =
      parse_aci_manifest(manifest("example.com/app", R"(,"labels":[{"name":"os","value":"linux"}],
    "app":{"exec":["/bin/a","-x"],"user":"0","group":"wheel","workingDirectory":"/w","environment":[{"name":"A.b-c","value":"1"}],
    "mountPoints":[{"name":"data","path":"/d","readOnly":true},{"name":"out","path":"/o"}],
    "isolators":[{"name":"resource/cpu","value":{}}],"eventHandlers":[{"name":"pre-start","exec":["/x"]}]},
    "annotations":[{"name":"authors","value":"somebody"}],"unknown":{"a":[1,null]})"));
  CHECK(parsed.name == "example.com/app");
  CHECK(parsed.launch.entrypoint == std::vector<std::string>{"/bin/a", "-x"});
  CHECK(parsed.launch.user == "0:wheel");
  CHECK(parsed.launch.working_dir == "/w");
  CHECK(parsed.launch.env == std::vector<std::string>{"A.b-c=1"});
  CHECK(parsed.launch.labels.at("appc.io/mount-point/data") == "/d:ro");
  CHECK(parsed.launch.labels.at("appc.io/mount-point/out") == "/o");
  CHECK(parsed.launch.labels.at("authors") == "somebody");
  CHECK(parsed.notes.size() == 2);
}

TEST_CASE("a malformed manifest of an App Container image is refused", "[images][aci]") {
  const std::string app = R"(,"app":{"exec":[],"user":"0","group":"0",)";
  for (const std::string& text :
       {std::string("[]"),
        std::string("{}"),
        manifest(""),
        manifest("Upper"),
        manifest("a//b"),
        manifest("a-"),
        std::string(R"({"acKind":"PodManifest","acVersion":"0.8.11","name":"a"})"),
        std::string(R"({"acKind":"ImageManifest","acVersion":"x","name":"a"})"),
        std::string(R"({"acKind":"ImageManifest","acVersion":"0.8.11","name":"a","name":"b"})"),
        manifest("a", labelled("name", "x")),
        manifest("a", R"(,"labels":[{"name":"v","value":"1"},{"name":"v","value":"2"}])"),
        manifest("a", R"(,"app":{"exec":["x"]})"),
        manifest("a", app + R"("workingDirectory":"w"})"),
        manifest("a", app + R"("environment":[{"name":"A=B","value":"1"}]})"),
        manifest("a", app + R"("environment":[{"name":"A","value":"1"},{"name":"A","value":"2"}]})"),
        manifest("a", app + R"("environment":[{"name":"A","value":"\u0000"}]})"),
        manifest("a", depends_on({on("b", R"(,"imageID":"sha512-12")")})),
        manifest("a", depends_on({on("b", R"(,"size":-1)")})),
        manifest("a", R"(,"pathWhitelist":["relative"])"),
        manifest("a", R"(,"pathWhitelist":["/a/../../b"])"),
        manifest("a", ",\"x\":\"" + std::string(kAciManifestBytes, 'x') + "\"")}) {
    CAPTURE(text.substr(0, 200));
    CHECK_THROWS_AS(parse_aci_manifest(text), sabot::Refused);
  }
}

TEST_CASE("an App Container image is read whatever its compression and wherever its manifest is",
          "[images][aci]") {
  const std::string text = manifest("a", R"(,"app":{"exec":["/x"],"user":"0","group":"0"})");
  const std::string first = aci(text).file("rootfs/a", "1").hard_link("rootfs/b", "rootfs/a").bytes();
  const std::string last =
      Tar().file("./rootfs/a", "1").hard_link("./rootfs/b", "./rootfs/a").file("./manifest", text).bytes();
  Dir dir;
  for (const std::string& tar : {first, last})
    for (const char* packing : {"", "gzip", "bzip2", "xz", "zstd"}) {
      CAPTURE(packing);
      dir.add("top.aci", pack(tar, packing));
      dir.import();
      CHECK(dir.files() == "./a=1 ./b=1 ");
      CHECK(dir.result.launch.entrypoint == std::vector<std::string>{"/x"});
      dir.import("");
      CHECK(dir.files() == "./a=1 ./b=1 ");
    }
}

TEST_CASE("an archive that is not what an App Container image must be is refused", "[images][aci]") {
  const std::string text = manifest("a");
  Dir dir;
  CHECK_THROWS_WITH(dir.only(aci(text).file("manifest", text).bytes()), Contains("this one has 2"));
  CHECK_THROWS_WITH(dir.only(aci(text).file("manifest", manifest("b")).bytes()), Contains("there are two"));
  CHECK_THROWS_WITH(dir.only(Tar().symlink("manifest", "/etc/passwd").directory("rootfs").bytes()),
                    Contains("not a regular file"));
  CHECK_THROWS_WITH(dir.only(aci(text).file("extra", "").bytes()),
                    Contains("neither 'manifest' nor below 'rootfs'"));
  CHECK_THROWS_WITH(dir.only(aci(text).file("rootfs-evil/x", "").bytes()),
                    Contains("neither 'manifest' nor below"));
  CHECK_THROWS_WITH(dir.only(Tar().file("manifest", text).bytes()), Contains("this one has 1 and none"));
  CHECK_THROWS_WITH(dir.only(Tar().file("manifest", text).file("rootfs", "").bytes()),
                    Contains("not a directory"));
  CHECK_THROWS_WITH(dir.only(Tar().file("manifest", text).symlink("rootfs", "/").bytes()),
                    Contains("not a directory"));
  CHECK_THROWS_WITH(dir.only(Tar().directory("rootfs").bytes()), Contains("has no manifest"));
  CHECK_THROWS_WITH(dir.only(aci(text).file("rootfs/../x", "").bytes()), Contains("leaves the image root"));
  CHECK_THROWS_WITH(dir.only(aci(text).hard_link("rootfs/a", "manifest").bytes()),
                    Contains("nor below 'rootfs'"));
  CHECK_THROWS_WITH(dir.only("\x8c\x0d\x04\x07\x03\x02 and what follows"), Contains("encrypted"));
  CHECK_THROWS_WITH(dir.only("-----BEGIN PGP MESSAGE-----\n"), Contains("encrypted"));
  CHECK_THROWS_WITH(dir.only(aci(manifest("a", labelled("arch", "aarch64"))).bytes()), Contains("arm64"));
  CHECK_THROWS_WITH(dir.only(aci(manifest("a", labelled("os", "freebsd"))).bytes()), Contains("freebsd"));
}

TEST_CASE("dependencies of an App Container image lie below it, in their order", "[images][aci]") {
  // A -> [B, C], C -> [D]: upwards B, D, C, A
  Dir dir;
  dir.add("top.aci", aci(manifest("a", depends_on({on("b"), on("c", labelled("version", "2"))})))
                         .file("rootfs/a", "A")
                         .bytes());
  dir.add("any-name.aci",
          aci(manifest("b")).file("rootfs/all", "B").file("rootfs/b", "B").file("rootfs/bd", "B").bytes());
  dir.add("c1.aci", aci(manifest("c", labelled("version", "1"))).file("rootfs/c", "wrong").bytes());
  dir.add("c2.aci",
          aci(manifest("c", R"(,"labels":[{"name":"version","value":"2"},{"name":"arch","value":"amd64"}],)"
                            R"("dependencies":[{"imageName":"d"}])"))
              .file("rootfs/c", "C")
              .file("rootfs/all", "C")
              .bytes());
  dir.add(
      "d.aci",
      aci(manifest("d")).file("rootfs/bd", "D").file("rootfs/all", "D").symlink("rootfs/a", "all").bytes());
  dir.add("noise.aci", "no image");
  dir.import();
  CHECK(dir.files() == "./a=A ./all=C ./b=B ./bd=D ./c=C ");
}

TEST_CASE("a dependency that is not the one meant is refused", "[images][aci]") {
  Dir dir;
  const std::string below = aci(manifest("b")).file("rootfs/b", "B").bytes();
  const auto import_with = [&](const std::string& more) {
    dir.add("top.aci", aci(manifest("a", depends_on({on("b", more)}))).file("rootfs/a", "A").bytes());
    dir.import();
  };
  CHECK_THROWS_WITH(import_with(""), Contains("the dependency 'b' is not there"));
  dir.add("b.aci", pack(below, "gzip"));
  import_with(R"(,"imageID":")" + sha512_of(below) + "\"");
  import_with(R"(,"size":)" + std::to_string(fs::file_size(dir.scratch / "b.aci")));
  CHECK_THROWS_WITH(import_with(R"(,"imageID":")" + sha512_of("other") + "\""),
                    Contains("has the digest sha512-"));
  CHECK_THROWS_WITH(import_with(R"(,"size":77)"), Contains("should have 77 bytes"));
  CHECK_THROWS_WITH(import_with(labelled("version", "1")), Contains("'b',version=1 is not there"));
  dir.add("b-again.aci", below);
  CHECK_THROWS_WITH(import_with(""), Contains("could be"));
  dir.add("b-again.aci", "");
  dir.add("b.aci", aci(manifest("b", depends_on({on("a")}))).bytes());
  CHECK_THROWS_WITH(import_with(""), Contains("depends on itself"));
  std::vector<std::string> chain;
  for (int i = 0; i < 70; ++i)
    dir.add("x" + std::to_string(i) + ".aci",
            aci(manifest("x" + std::to_string(i), depends_on({on("x" + std::to_string(i + 1))}))).bytes());
  dir.add("top.aci", aci(manifest("a", depends_on({on("x0")}))).bytes());
  CHECK_THROWS_WITH(dir.import(), Contains("64 deep"));
}

TEST_CASE("a whitelist holds for its image and for all that it depends on, by whole components",
          "[images][aci]") {
  Dir dir;
  dir.add("top.aci",
          aci(manifest("a", R"(,"pathWhitelist":["/a","/d/keep","/both"])" + depends_on({on("b")})))
              .file("rootfs/a", "A")
              .file("rootfs/ab", "A")
              .directory("rootfs/d", 0700)
              .file("rootfs/d/keep", "A")
              .file("rootfs/d/drop", "A")
              .bytes());
  dir.add("b.aci", aci(manifest("b", R"(,"pathWhitelist":["/both","/d/drop"])"))
                       .file("rootfs/both", "B")
                       .file("rootfs/a", "B")
                       .file("rootfs/d/drop", "B")
                       .file("rootfs/d/keep", "B")
                       .bytes());
  dir.import();
  CHECK(dir.files() == "./a=A ./both=B ./d/keep=A ");
  PathWhitelist list;
  CHECK(list.allows("anything", false));
  list.add("/a/b");
  CHECK(list.allows("a", true));
  CHECK_FALSE(list.allows("a", false));
  CHECK(list.allows("a/b", false));
  CHECK_FALSE(list.allows("a/bc", true));
  CHECK_FALSE(list.allows("a/b/c", false));
}
