// SPDX-License-Identifier: Apache-2.0
// test_shared_cache.cc: the cache of costly values.
#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "fs/shared_cache.h"

using sabot::SharedCache;

namespace {
struct Value {
  int number = 0;
  std::size_t bytes = 0;
  std::size_t cost_bytes() const { return bytes; }
};
}  // namespace

TEST_CASE("a cached value is made once while it fits", "[fs][cache]") {
  SharedCache<Value> cache(10'000);
  int made = 0;
  const auto get = [&](std::uint64_t key) {
    return cache.get(key, [&] { return Value{++made, 1000}; })->number;
  };
  CHECK(get(1) == 1);
  CHECK(get(2) == 2);
  CHECK(get(1) == 1);
  for (std::uint64_t key = 100; key < 120; ++key) get(key);
  CHECK(get(1) == 23);  // dropped meanwhile
  CHECK(get(119) == 22);
}

TEST_CASE("a value larger than the cache is still given", "[fs][cache]") {
  SharedCache<Value> cache(100);
  const auto big = cache.get(1, [] { return Value{7, 1'000'000}; });
  cache.get(2, [] { return Value{8, 1}; });
  CHECK(big->number == 7);
}

TEST_CASE("a value that could not be made is tried again", "[fs][cache]") {
  SharedCache<Value> cache(10'000);
  CHECK_THROWS_AS(cache.get(1, []() -> Value { throw std::runtime_error("no"); }), std::runtime_error);
  CHECK(cache.get(1, [] { return Value{3, 1}; })->number == 3);
}

TEST_CASE("threads that want the same value make it once", "[fs][cache]") {
  SharedCache<Value> cache(1 << 20);
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (std::uint64_t key = 0; key < 100; ++key) cache.get(key, [&] { return Value{++made, 100}; });
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(made == 100);
}
