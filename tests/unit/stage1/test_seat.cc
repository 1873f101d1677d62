// SPDX-License-Identifier: Apache-2.0
// test_seat.cc: what a rank says of itself to be given a place, and taking it.
#include <sched.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>

#include "cpu_list.h"
#include "seat.h"
#include "support.h"

using namespace sabot;
using namespace sabot::test;

namespace {

using Variables = std::map<std::string, std::string>;

RankEnvironment environment_in(Variables& variables) {
  return {[](void* context, const char* name) -> const char* {
            const auto& all = *static_cast<Variables*>(context);
            const auto found = all.find(name);
            return found != all.end() ? found->second.c_str() : "";
          },
          [](void* context, const char* name, const char* value) {
            (*static_cast<Variables*>(context))[name] = value;
            return true;
          },
          &variables};
}

struct Answered {
  std::unique_ptr<char[]> buffer = std::make_unique<char[]>(kMessageBytes);
  MessageWriter writer{buffer.get(), kMessageBytes, MessageKind::admitted};
  MessageReader reader() const { return {writer.buffer, writer.used}; }
};

std::string wish(Variables variables, const char* name) {
  Answered request;
  add_seat_wishes(environment_in(variables), &request.writer);
  return request.reader().first(name, "-");
}

// CPUs that this machine lets us run on, in a child, for a mask stays.
std::string first_cpu() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  REQUIRE(::sched_getaffinity(0, sizeof mask, &mask) == 0);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &mask)) return std::to_string(cpu);
  return "";
}

}  // namespace

TEST_CASE("a rank says how many threads it has and which GPUs it sees", "[stage1][seat]") {
  CHECK(wish({{"SLURM_CPUS_PER_TASK", "4"}, {"OMP_NUM_THREADS", "2"}}, name::kThreads) == "4");
  CHECK(wish({{"OMP_NUM_THREADS", "2"}}, name::kThreads) == "2");
  CHECK(wish({{"OMP_NUM_THREADS", "2,4"}}, name::kThreads) == "-");
  CHECK(wish({{"OMP_NUM_THREADS", "999999999999"}}, name::kThreads) == "-");
  CHECK(wish({{"CUDA_VISIBLE_DEVICES", "0,1"}}, name::kGpus) == "0,1");
  CHECK(wish({{"ROCR_VISIBLE_DEVICES", "3"}}, name::kGpus) == "3");
  CHECK(wish({{"CUDA_VISIBLE_DEVICES", "GPU-8f2c,MIG-1"}}, name::kGpus) == "-");
  CHECK(wish({{"CUDA_VISIBLE_DEVICES", std::string(5000, '1')}}, name::kGpus) == "-");
  CHECK(wish({{"SLURM_CPU_BIND_TYPE", "mask_cpu:"}}, name::kCpuBind) == "mask_cpu:");
}

TEST_CASE("a rank runs on the CPUs that it was given, and only there", "[stage1][seat]") {
  const std::string cpu = first_cpu();
  CHECK(in_child([&] {
          Answered reply;
          reply.writer.add(name::kCpus, cpu.c_str());
          reply.writer.add(name::kMemory, "0");
          Variables none;
          FailureText why{};
          if (!take_seat(environment_in(none), reply.reader(), &why)) return 2;
          CpuMask now{};
          if (::sched_getaffinity(0, sizeof now, now.words) == -1) return 3;
          return CPU_COUNT_S(sizeof now, now.words) == 1 ? 0 : 4;
        }) == 0);
}

TEST_CASE("a seat that this node does not have is a failure that names it", "[stage1][seat]") {
  for (const char* list : {"16000", "3-1", "x", "0,"}) {
    Answered reply;
    reply.writer.add(name::kCpus, list);
    Variables none;
    FailureText why{};
    CHECK_FALSE(take_seat(environment_in(none), reply.reader(), &why));
    CHECK_THAT(why.text, Catch::Contains(std::string("bind to CPUs ") + list));
  }
}

TEST_CASE("GPUs come in the order given, in every variable that had the list", "[stage1][seat]") {
  Variables variables = {{"CUDA_VISIBLE_DEVICES", "0,1"},
                         {"ROCR_VISIBLE_DEVICES", "0,1"},
                         {"GPU_DEVICE_ORDINAL", "0"},
                         {"OTHER", "0,1"}};
  const std::string cpu = first_cpu();
  Answered reply;
  reply.writer.add(name::kCpus, "");
  reply.writer.add(name::kGpus, "1,0");
  FailureText why{};
  CHECK(take_seat(environment_in(variables), reply.reader(), &why));
  CHECK(variables["CUDA_VISIBLE_DEVICES"] == "0,1");  // no seat was given
  Answered placed;
  cpu_set_t before;
  REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
  placed.writer.add(name::kCpus, cpu.c_str());
  placed.writer.add(name::kGpus, "1,0");
  CHECK(take_seat(environment_in(variables), placed.reader(), &why));
  REQUIRE(::sched_setaffinity(0, sizeof before, &before) == 0);
  CHECK(variables["CUDA_VISIBLE_DEVICES"] == "1,0");
  CHECK(variables["ROCR_VISIBLE_DEVICES"] == "1,0");
  CHECK(variables["GPU_DEVICE_ORDINAL"] == "0");
  CHECK(variables["OTHER"] == "0,1");
}
