// SPDX-License-Identifier: Apache-2.0
// test_seating.cc: what the keeper asks and hears, and the pictures.
#include <catch2/catch.hpp>

#include "machines.h"
#include "placement/picture.h"
#include "placement/seating.h"
#include "sys/error.h"

using namespace sabot::placement;
using namespace sabot::placement::test;

TEST_CASE("a question reads as it was asked", "[placement][seating]") {
  const Question asked = parse_question("pin=numa threads=3\ncpus=0-3 gpus=1,0\ncpus=4 gpus=\n");
  CHECK(asked.pin == Pin::numa);
  CHECK(asked.step.threads_per_rank == 3);
  REQUIRE(asked.step.ranks.size() == 2);
  CHECK(asked.step.ranks[0].gpus == std::vector<unsigned>{1, 0});
  CHECK(asked.step.ranks[1].mask.list() == "4");
}

TEST_CASE("what is no question is refused", "[placement][seating]") {
  for (const char* text :
       {"", "pin=auto", "pin=where threads=1\n", "pin=auto threads=x\n", "pin=auto threads=1\nrank",
        "pin=auto threads=1\ncpus=a gpus=\n", "threads=1 pin=auto\n"}) {
    INFO(text);
    CHECK_THROWS(parse_question(text));
  }
}

TEST_CASE("an answer has a line for each rank", "[placement][seating]") {
  const Topology node = Topology::synthetic("core:2 pu:2");
  CHECK(format_answer(place(node, unbound(node, 2), Pin::automatic)) ==
        "cpus=0-1 memory=0 strict=0 gpus=\ncpus=2-3 memory=0 strict=0 gpus=\n");
}

TEST_CASE("GPUs that are named otherwise than by number have no numbers", "[placement][seating]") {
  CHECK(gpu_numbers("0,7") == std::vector<unsigned>{0, 7});
  CHECK(gpu_numbers("").empty());
  for (const char* list : {"GPU-1", "0,MIG-2", ",", "1,,2", "-1", "99999999999"})
    CHECK(gpu_numbers(list).empty());
}

TEST_CASE("the picture shows each core with the rank that is on it", "[placement][picture]") {
  const Topology node = Topology::synthetic("pack:2 core:2 pu:1");
  const CpuSet allowed = CpuSet::parse("0-2");
  const auto ranks = place(node, unbound(node, 2, "0-2"), Pin::core);
  const Scene scene{node, allowed, ranks, "core"};
  const std::string text = draw_text(scene);
  CHECK_THAT(text, Catch::Contains("2 ranks on 3 of 4 cores, pinned to: core"));
  CHECK_THAT(text, Catch::Contains("package 1"));
  CHECK_THAT(text, Catch::Contains("  0 1 \n") && Catch::Contains("  - . \n"));
  CHECK_THAT(draw_svg(scene), Catch::StartsWith("<svg ") && Catch::Contains("CPUs 3</title>"));
  CHECK_THAT(write_json(scene), Catch::Contains("{\"rank\":1,\"cpus\":\"1\""));
}
