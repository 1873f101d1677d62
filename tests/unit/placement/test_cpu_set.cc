// SPDX-License-Identifier: Apache-2.0
// test_cpu_set.cc: sets of CPUs and the kernel's notation of them.
#include <catch2/catch.hpp>

#include "placement/cpu_set.h"
#include "sys/error.h"

using sabot::placement::CpuSet;

TEST_CASE("a list of CPUs reads back as it was written", "[placement][cpu_set]") {
  for (const char* list : {"", "0", "3", "0-1", "0-3,8", "1,3,5-7,64-127", "16383"}) {
    CHECK(CpuSet::parse(list).list() == list);
  }
  CHECK(CpuSet::parse("0,1,2").list() == "0-2");
  CHECK(CpuSet::parse("7,0-3,2").list() == "0-3,7");
}

TEST_CASE("what is no list of CPUs is refused", "[placement][cpu_set]") {
  for (const char* list : {",", "0,", "-1", "1-", "3-1", "a", "0 ", " 0", "0--1", "0-1-2", "0x1", "16384",
                           "0-99999999999", "18446744073709551616", "1\n"}) {
    INFO(list);
    CHECK_THROWS_AS(CpuSet::parse(list), sabot::Refused);
  }
}

TEST_CASE("a copy of a set does not change with the set", "[placement][cpu_set]") {
  CpuSet one = CpuSet::parse("0-3");
  CpuSet two = one;
  two -= CpuSet::parse("1");
  CHECK(one.list() == "0-3");
  CHECK(two.list() == "0,2-3");
  CHECK((one & CpuSet::parse("3-9")).list() == "3");
  CHECK((one | CpuSet::parse("9")).count() == 5);
  CHECK(two.within(one));
  CHECK_FALSE(one.within(two));
}
