// SPDX-License-Identifier: Apache-2.0
// test_reference.cc: what a user writes to name an image: its grammar, and what is found there.
#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "images/reference.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;

TEST_CASE("an image reference says its kind by its form", "[images][reference]") {
  CHECK(parse_reference("/p").kind == ReferenceKind::path);
  CHECK(parse_reference("./p:x").path == "./p:x");
  CHECK(parse_reference("../p").kind == ReferenceKind::path);
  const Reference layout = parse_reference("oci:some/dir:name:tag");
  CHECK(layout.kind == ReferenceKind::oci_layout);
  CHECK(layout.path == "some/dir");
  CHECK(layout.selector == "name:tag");
  CHECK(parse_reference("oci-archive:f.tar:name:tag").kind == ReferenceKind::oci_archive);
  CHECK(parse_reference("docker-archive:f.tar:x/y:1").kind == ReferenceKind::docker_archive);
  CHECK(parse_reference("docker-archive:f.tar:x/y:1").selector == "x/y:1");
  CHECK(parse_reference("aci:a:b").path == "a:b");
  const std::string digest = "sha256:" + std::string(64, 'a');
  CHECK(parse_reference(digest).kind == ReferenceKind::digest);
  CHECK(parse_reference("ubuntu").name == "ubuntu");
  CHECK(parse_reference("ubuntu:latest").name == "ubuntu");
  CHECK(parse_reference("site/ubuntu:24.04").name == "site/ubuntu:24.04");
}

TEST_CASE("an image in a registry is named by docker:// and by what no other name has",
          "[images][reference]") {
  const std::string digest = "@sha256:" + std::string(64, 'a');
  for (const std::string& text : {std::string("docker://ubuntu"), std::string("nvcr.io#nvidia/pytorch"),
                                  "debian" + digest, std::string("localhost:5000/a:1")})
    CHECK(parse_reference(text).kind == ReferenceKind::registry);
  CHECK(parse_reference("docker://a", "site:5000").registry.host == "site:5000");
  CHECK(in_registry(parse_reference("nvcr.io/nvidia/x:1"), "").registry.text() == "nvcr.io/nvidia/x:1");
  CHECK(in_registry(parse_reference("a/b"), "").kind == ReferenceKind::name);
  CHECK(in_registry(parse_reference("a/b"), "site:5000").registry.text() == "site:5000/a/b:latest");
}

TEST_CASE("a malformed image reference is refused", "[images][reference]") {
  for (const std::string& text :
       {std::string(), std::string(5000, 'a'), std::string("a\nb"), std::string("/p\x7f"),
        std::string("sha256:12"), "sha256:" + std::string(64, 'A'), std::string("oci:"),
        std::string("oci:d:"), std::string("aci:"), std::string("docker-archive::x"), std::string("-x"),
        std::string(".hidden"), std::string("a//b"), std::string("a:b:c"), std::string("a:"),
        std::string("a b"), std::string("http://x")}) {
    CAPTURE(text.substr(0, 40));
    CHECK_THROWS_AS(parse_reference(text), sabot::Refused);
  }
}

TEST_CASE("a path is what is found there", "[images][reference]") {
  const Scratch scratch;
  fs::create_directory(scratch / "root");
  Layout layout(scratch / "layout");
  write_text(scratch / "image", "hsqs and more");
  write_text(scratch / "tar", "anything else");
  ::mkfifo((scratch / "fifo").c_str(), 0600);
  const sabot::UniqueFd dir{::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY)};
  const auto kind = [&](const char* text) { return locate(parse_reference(text), dir.get()).kind; };
  CHECK(kind("./root") == ReferenceKind::rootfs_directory);
  CHECK(kind("./layout") == ReferenceKind::oci_layout);
  CHECK(kind("oci:layout") == ReferenceKind::oci_layout);
  CHECK(kind("./image") == ReferenceKind::squashfs);
  CHECK(kind("image") == ReferenceKind::squashfs);
  CHECK(kind("tar") == ReferenceKind::archive);
  CHECK(kind("root") == ReferenceKind::name);
  CHECK(kind("elsewhere") == ReferenceKind::name);
  CHECK_THROWS_WITH(kind("./fifo"), Contains("neither a file nor a directory"));
  CHECK_THROWS_WITH(kind("./none"), Contains("No such file"));
  CHECK_THROWS_WITH(kind("oci:root"), Contains("not an OCI layout"));
  CHECK(kind("docker-archive:tar") == ReferenceKind::docker_archive);
  CHECK_THROWS_WITH(kind("oci-archive:layout"), Contains("not an archive"));
  CHECK_THROWS_WITH(kind("aci:image"), Contains("not an archive"));
}
