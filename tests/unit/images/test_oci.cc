// SPDX-License-Identifier: Apache-2.0
// test_oci.cc: OCI layouts: which image is chosen, and that every digest and size is believed only when it
// holds.
#include <fcntl.h>

#include <catch2/catch.hpp>

#include "images/digest.h"
#include "images/image_choice.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;

namespace {
const std::string kTar = Tar().file("a", "x").bytes();
constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";

struct Made {
  Scratch scratch;
  Layout layout{scratch / "layout"};
  ImportResult import(const std::string& selector = "", ImportOptions options = {}) {
    const std::string reference = "oci:" + layout.path().string() + (selector.empty() ? "" : ":" + selector);
    const sabot::UniqueFd out{::open((scratch / "image").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)};
    if (options.architecture.empty()) options.architecture = "amd64";
    return import_image(locate(parse_reference(reference), AT_FDCWD), AT_FDCWD, options, out.get(), nullptr);
  }
  /// index.json over one manifest with this text.
  void with_manifest(const std::string& text) {
    layout.index({descriptor(kManifestType, layout.blob(text), text.size())});
  }
};

std::string with(std::string entry, const std::string& more) {
  entry.insert(entry.size() - 1, more);
  return entry;
}
std::string named(const std::string& entry, const std::string& name) {
  return with(entry, R"(,"annotations":{"org.opencontainers.image.ref.name":")" + name + "\"}");
}
std::string for_platform(const std::string& entry, const std::string& os, const std::string& architecture) {
  return with(entry, R"(,"platform":{"os":")" + os + R"(","architecture":")" + architecture + "\"}");
}
}  // namespace

TEST_CASE("layers of each OCI compression are read and their configuration is kept", "[images][oci]") {
  Made made;
  made.layout.layer(Tar().file("plain", "1").bytes(), "").layer(Tar().file("gz", "2").bytes(), "gzip");
  made.layout.layer(Tar().file("zs", "3").bytes(), "zstd");
  made.layout.finish(R"({"Env":["A=1"],"Cmd":["sh"]})");
  const ImportResult result = made.import();
  CHECK(result.launch.env == std::vector<std::string>{"A=1"});
  CHECK(result.notes.empty());
  CHECK(is_sha256_digest(result.source_digest));
}

TEST_CASE("a layer whose bytes are not those of its digest is refused", "[images][oci]") {
  Made made;
  made.layout.layer(kTar, "gzip").finish();
  const std::string blob = sha256_of(pack(kTar, "gzip"));
  std::string bytes = read_text(made.layout.blob_file(blob));
  bytes[9] ^= 1;  // the operating system in gzip's header: nothing else notices
  write_text(made.layout.blob_file(blob), bytes);
  CHECK_THROWS_WITH(made.import(), Contains("has the digest"));
}

TEST_CASE("a layer that is longer or shorter than its descriptor says is refused", "[images][oci]") {
  Made made;
  made.layout.layer(kTar, "").finish();
  write_text(made.layout.blob_file(sha256_of(kTar)), kTar + "x");
  CHECK_THROWS_WITH(made.import(), Contains("longer than"));
  write_text(made.layout.blob_file(sha256_of(kTar)), kTar.substr(0, kTar.size() - 512));
  CHECK_THROWS_WITH(made.import(), Contains("bytes, not the"));
}

TEST_CASE("a layer that decompresses to something other than its diff_id is refused", "[images][oci]") {
  Made made;
  made.layout.layer(kTar, "gzip");
  made.layout.diff_ids[0] = "sha256:" + std::string(64, '0');
  made.layout.finish();
  CHECK_THROWS_WITH(made.import(), Contains("uncompressed layer has the digest"));
}

TEST_CASE("bytes after a layer's end of archive are hashed too", "[images][oci]") {
  Made made;
  made.layout.layer(kTar + std::string(70'000, 'x'), "").finish();
  CHECK_NOTHROW(made.import());
}

TEST_CASE("more or fewer diff_ids than layers are refused", "[images][oci]") {
  Made made;
  made.layout.layer(kTar);
  made.layout.diff_ids.push_back(made.layout.diff_ids[0]);
  made.layout.finish();
  CHECK_THROWS_WITH(made.import(), Contains("2 diff_ids for 1 layers"));
}

TEST_CASE("a media type that lies about compression is noted when the digests hold", "[images][oci]") {
  Made made;
  made.layout.layer_as(kTar, pack(kTar, "zstd"), "application/vnd.oci.image.layer.v1.tar+gzip").finish();
  const ImportResult result = made.import();
  REQUIRE(result.notes.size() == 1);
  CHECK_THAT(result.notes[0], Contains("its compression is zstd"));
}

TEST_CASE("a compression OCI does not have is refused in a layer", "[images][oci]") {
  Made made;
  made.layout.layer_as(kTar, pack(kTar, "xz"), "application/vnd.oci.image.layer.v1.tar+gzip").finish();
  CHECK_THROWS_WITH(made.import(), Contains("OCI does not have"));
}

TEST_CASE("a manifest or configuration that is not that of its digest is refused", "[images][oci]") {
  Made made;
  const std::string entry = made.layout.layer(kTar).finish();
  const std::string digest = entry.substr(entry.find("sha256:"), 71);
  const std::string text = read_text(made.layout.blob_file(digest));
  write_text(made.layout.blob_file(digest), text + " ");
  CHECK_THROWS_WITH(made.import(), Contains("longer than"));
  std::string other = text;
  other[1] = ' ';
  write_text(made.layout.blob_file(digest), other);
  CHECK_THROWS_WITH(made.import(), Contains("its content has the digest"));
}

TEST_CASE("digests that are malformed or of another kind never become paths", "[images][oci]") {
  for (const std::string& digest :
       {"sha256:" + std::string(64, 'A'), std::string("sha256:../../x"),
        std::string("sha512:") + std::string(128, 'a'), std::string("../x"), std::string()}) {
    Made made;
    made.layout.index({descriptor(kManifestType, digest, 10)});
    CAPTURE(digest);
    CHECK_THROWS_WITH(made.import(), Contains("the digest '"));
  }
}

TEST_CASE("a blob that is a symlink out of the layout is not followed", "[images][oci]") {
  Made made;
  made.layout.layer(kTar, "").finish();
  const std::string blob = made.layout.blob_file(sha256_of(kTar));
  write_text(made.scratch / "outside", kTar);
  fs::remove(blob);
  fs::create_symlink(made.scratch / "outside", blob);
  CHECK_THROWS_WITH(made.import(), Contains("No such file"));
}

TEST_CASE("sizes that are negative, broken or huge are refused", "[images][oci]") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  for (const char* size : {"-1", "1.5", "1e30", "\"12\"", "99999999999999999999"}) {
    Made made;
    made.layout.index({R"({"mediaType":")" + std::string(kManifestType) + R"(","digest":")" + digest +
                       R"(","size":)" + size + "}"});
    CAPTURE(size);
    CHECK_THROWS_WITH(made.import(), Contains("'size'"));
  }
  Made made;
  made.layout.index({descriptor(kManifestType, digest, 5 << 20)});
  CHECK_THROWS_WITH(made.import(), Contains("larger than the limit"));
}

TEST_CASE("what is not a runnable image is refused by its kind", "[images][oci]") {
  Made made;
  const std::string empty = made.layout.blob("{}");
  made.with_manifest(R"({"schemaVersion":2,"config":)" +
                     descriptor("application/vnd.cncf.helm.config.v1+json", empty, 2) + R"(,"layers":[]})");
  CHECK_THROWS_WITH(made.import(), Contains("not a runnable image"));
  made.with_manifest(R"({"schemaVersion":1,"fsLayers":[]})");
  CHECK_THROWS_WITH(made.import(), Contains("schema 1"));
  made.with_manifest(R"({"schemaVersion":2,"manifests":[],"layers":[]})");
  CHECK_THROWS_WITH(made.import(), Contains("both"));
  made.with_manifest(R"({"schemaVersion":2,"mediaType":")" + std::string(kIndexType) + R"(","layers":[]})");
  CHECK_THROWS_WITH(made.import(), Contains("announced as"));
  made.with_manifest(R"({"schemaVersion":2})");
  CHECK_THROWS_WITH(made.import(), Contains("not a runnable image"));
}

TEST_CASE("an unknown layer type and a root file system that is not layers are refused", "[images][oci]") {
  Made made;
  made.layout.layer_as(kTar, kTar, "application/vnd.oci.image.layer.v1.tar+gzip+encrypted").finish();
  CHECK_THROWS_WITH(made.import(), Contains("unknown type"));
  Made other;
  const std::string config = R"({"rootfs":{"type":"whatever","diff_ids":[]}})";
  other.with_manifest(
      R"({"schemaVersion":2,"config":)" +
      descriptor("application/vnd.oci.image.config.v1+json", other.layout.blob(config), config.size()) +
      R"(,"layers":null})");
  CHECK_THROWS_WITH(other.import(), Contains("not of type 'layers'"));
}

TEST_CASE("an OCI layout of another version, or without its marker, is refused", "[images][oci]") {
  Made made;
  made.layout.layer(kTar).finish();
  write_text(made.layout.path() / "oci-layout", R"({"imageLayoutVersion":"2.0.0"})");
  CHECK_THROWS_WITH(made.import(), Contains("version '2.0.0'"));
}

TEST_CASE("the image of this machine is chosen from an index", "[images][oci]") {
  Made made;
  const std::string arm = for_platform(made.layout.manifest("{\"User\":\"arm\"}", "arm64"), "linux", "arm64");
  const std::string amd = for_platform(made.layout.manifest("{\"User\":\"amd\"}", "amd64"), "linux", "amd64");
  const std::string windows =
      for_platform(made.layout.manifest("{\"User\":\"win\"}", "amd64"), "windows", "amd64");
  const std::string unknown =
      for_platform(made.layout.manifest("{\"User\":\"att\"}", "amd64"), "unknown", "unknown");
  made.layout.index({unknown, windows, arm, amd});
  CHECK(made.import().launch.user == "amd");
  ImportOptions options;
  options.architecture = "arm64";
  CHECK(made.import("", options).launch.user == "arm");
  options.architecture = "riscv64";
  CHECK_THROWS_WITH(made.import("", options), Contains("linux/arm64") && Contains("windows/amd64"));
}

TEST_CASE("indexes within indexes are looked into, but not for ever", "[images][oci]") {
  Made made;
  const auto wrapped = [&](const std::string& entry) {
    const std::string text = R"({"schemaVersion":2,"manifests":[)" + entry + "]}";
    return descriptor(kIndexType, made.layout.blob(text), text.size());
  };
  std::string entry = for_platform(made.layout.manifest("{\"User\":\"deep\"}", "amd64"), "linux", "amd64");
  made.layout.index({wrapped(entry)});
  CHECK(made.import().launch.user == "deep");
  for (int i = 0; i < 6; ++i) entry = wrapped(entry);
  made.layout.index({entry});
  CHECK_THROWS_WITH(made.import(), Contains("more than 4 deep"));
  const std::string nothing =
      wrapped(for_platform(descriptor(kManifestType, "sha256:" + std::string(64, 'a'), 1), "linux", "mips"));
  made.layout.index(std::vector<std::string>(1000, nothing));
  CHECK_THROWS_WITH(made.import(), Contains("more indexes"));
}

TEST_CASE("an image for another machine is refused", "[images][oci]") {
  Made made;
  made.layout.finish("{}", "arm64");
  CHECK_THROWS_WITH(made.import(), Contains("an image for arm64, where amd64 is wanted"));
}

TEST_CASE("one of several images in a layout is chosen by its name", "[images][oci]") {
  Made made;
  const std::string one = named(made.layout.manifest("{\"User\":\"one\"}", "amd64"), "app:1");
  const std::string two = named(made.layout.manifest("{\"User\":\"two\"}", "amd64"), "app:2");
  made.layout.index({one, two});
  CHECK(made.import("app:2").launch.user == "two");
  CHECK_THROWS_WITH(made.import(), Contains("several images") && Contains("app:1, app:2"));
  CHECK_THROWS_WITH(made.import("app:3"), Contains("no image 'app:3'"));
}

TEST_CASE("an import says how many bytes it will read and then reads as many", "[images][oci]") {
  struct Sum : Progress {
    std::uint64_t announced = 0, seen = 0;
    void total(std::uint64_t bytes) override { announced = bytes; }
    void advance(std::uint64_t bytes) override { seen += bytes; }
  } sum;
  Made made;
  made.layout.layer(Tar().file("a", std::string(3'000'000, 'x')).bytes(), "").layer(kTar, "zstd").finish();
  const Reference source = locate(parse_reference(made.layout.path().string()), AT_FDCWD);
  const sabot::UniqueFd out{::open((made.scratch / "image").c_str(), O_RDWR | O_CREAT, 0600)};
  ImportOptions options;
  options.architecture = "amd64";
  import_image(source, AT_FDCWD, options, out.get(), &sum);
  CHECK(sum.announced > 3'000'000);
  CHECK(sum.seen == sum.announced);
}

TEST_CASE("an image without layers is legal", "[images][oci]") {
  Made made;
  made.layout.finish();
  CHECK(made.import().inode_count == 3);
}

TEST_CASE("of an image for several levels of one architecture the best that the machine runs is taken",
          "[images][oci]") {
  Made made;
  const auto at_level = [&](const std::string& content, const std::string& variant) {
    return with(made.layout.layer(Tar().file(content, "x").bytes(), "").finish(),
                R"(,"platform":{"os":"linux","architecture":"amd64","variant":")" + variant + "\"}");
  };
  const std::string one = at_level("one", "v1");
  const std::string two = at_level("two", "v2");
  const std::string three = at_level("three", "v3");
  const std::string odd = at_level("odd", "v2x");
  made.layout.index({one, three, odd, two});
  const auto chosen_for = [&](const char* machine) {
    ImportOptions options;
    options.architecture = machine;
    return made.import("", options).source_digest;
  };
  const auto names = [](const std::string& entry, const std::string& digest) {
    return entry.find(digest) != std::string::npos;
  };
  CHECK(names(one, chosen_for("amd64/v1")));
  CHECK(names(two, chosen_for("amd64/v2")));
  CHECK(names(three, chosen_for("amd64/v4")));
  CHECK_THROWS_WITH(chosen_for("arm64"), Contains("linux/amd64/v3"));
  CHECK_THROWS_WITH(chosen_for("../x"), Contains("not of the form"));
}
