// SPDX-License-Identifier: Apache-2.0
// test_importer.cc: what sabot and sabot-import say to each other.
#include <catch2/catch.hpp>

#include "importer.h"
#include "sys/error.h"

using namespace sabot;

TEST_CASE("an import's job arrives as it was given", "[launcher][import]") {
  ImportJob job{"/a store", "./root=x\n", "team/app:1", "import app", "/etc/sabot.conf", {}};
  job.options.compression = images::Compression::xz;
  job.options.compression_level = 9;
  job.options.block_size = 4096;
  job.options.architecture = "arm64";
  const ImportJob got = decode_job(encode_job(job));
  CHECK(got.store == job.store);
  CHECK(got.source == job.source);
  CHECK(got.name == job.name);
  CHECK(got.title == job.title);
  CHECK(got.config == job.config);
  CHECK(got.options.compression == job.options.compression);
  CHECK(got.options.compression_level == job.options.compression_level);
  CHECK(got.options.block_size == job.options.block_size);
  CHECK(got.options.architecture == job.options.architecture);
}

TEST_CASE("an import's answer arrives with its notes", "[launcher][import]") {
  const ImportAnswer got = decode_answer(encode_answer({"sha256:ab", {"a device is left out", "x=y\nz"}}));
  CHECK(got.digest == "sha256:ab");
  CHECK(got.notes == std::vector<std::string>{"a device is left out", "x=y\\x0az"});
}

TEST_CASE("sabot-import refuses what sabot does not write", "[launcher][import]") {
  CHECK_THROWS_AS(decode_job({}), UsageError);
  CHECK_THROWS_AS(decode_job({"--help"}), UsageError);
  CHECK_THROWS_AS(decode_job({"store=/s", "source=x", "other=1"}), UsageError);
  CHECK_THROWS_AS(decode_job({"store=/s", "source=x", "block-size=1k"}), UsageError);
}
