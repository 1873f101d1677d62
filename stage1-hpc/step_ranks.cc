// SPDX-License-Identifier: Apache-2.0
// step_ranks.cc: see step_ranks.h.
#include "step_ranks.h"

#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "cpu_list.h"

namespace sabot {
namespace {

constexpr int kGatherMs = 500;    // ranks of a step come within milliseconds of each other
constexpr int kPlacingMs = 5000;  // a machine that answers more slowly is broken

// Ranks that came, by local rank, and where Slurm left them.
struct Arrivals {
  unsigned came = 0;  // also those that have died since
  std::vector<Applicant> waiting;
  std::vector<Seated> seated;  // likewise

  void add(Applicant rank) {
    ++came;
    CpuMask mask{};
    if (::sched_getaffinity(rank.rank, sizeof mask, mask.words) == -1) return;
    const auto behind =
        std::upper_bound(waiting.begin(), waiting.end(), rank.local_rank,
                         [](unsigned own, const Applicant& other) { return own < other.local_rank; });
    seated.insert(seated.begin() + (behind - waiting.begin()), {mask, rank.gpus});
    waiting.insert(behind, std::move(rank));
  }
};

// Where the keeper's own threads run: what the step has and no rank was given, else all that it has. (With
// task/affinity and no cpuset, the kernel would not hold us back: the ranks' CPUs are the widest that the
// step is known to own.) Applied to every thread; new ones inherit it.
class StepCpus {
 public:
  explicit StepCpus(DIR* threads) : threads_(threads) {}
  void add(const std::vector<Seated>& ranks, const std::vector<Seat>& seats) {
    for (const Seated& rank : ranks) CPU_OR_S(sizeof all_, all_.words, all_.words, rank.mask.words);
    for (std::size_t i = 0; i < seats.size(); ++i) {
      CpuMask given{};
      if (seats[i].cpus.empty() || !parse_cpu_mask(seats[i].cpus.c_str(), &given)) given = ranks[i].mask;
      CPU_OR_S(sizeof given_, given_.words, given_.words, given.words);
    }
    CpuMask rest{};
    CPU_XOR_S(sizeof rest, rest.words, all_.words, given_.words);
    CPU_AND_S(sizeof rest, rest.words, rest.words, all_.words);
    const CpuMask& ours = CPU_COUNT_S(sizeof rest, rest.words) > 0 ? rest : all_;
    ::rewinddir(threads_);
    while (const dirent* thread = ::readdir(threads_))
      if (const int id = std::atoi(thread->d_name); id > 0) ::sched_setaffinity(id, sizeof ours, ours.words);
  }

 private:
  DIR* threads_;
  CpuMask all_ = {};
  CpuMask given_ = {};
};

// Where nobody insisted on a place, ranks stay where Slurm put them rather than not run.
std::vector<Seat> seats_for(const PodManifest& pod, Placer* placer, const std::vector<Seated>& ranks) {
  if (placer == nullptr || ranks.empty()) return std::vector<Seat>(ranks.size());
  try {
    return placer->ask(pod.pin, pod.threads, ranks, kPlacingMs);
  } catch (const std::exception&) {
    if (pod.pin_must) throw;
    return std::vector<Seat>(ranks.size());
  }
}

// The next `wanted` ranks, or fewer where nobody can come any more or one that died on its way is waited for.
// None where the image has ended.
Arrivals await_ranks(unsigned wanted, Admissions& ranks, int image_ended) {
  Arrivals arrivals;
  while (arrivals.came < wanted && ranks.door() >= 0) {
    pollfd events[] = {{ranks.door(), POLLIN, 0}, {image_ended, POLLIN, 0}};
    const int ready = ::poll(events, 2, arrivals.came == 0 ? -1 : kGatherMs);
    if (ready == -1 && errno == EINTR) continue;
    if (events[1].revents != 0) return {};
    if (ready == 0) break;
    if (std::optional<Applicant> rank = ranks.next()) arrivals.add(std::move(*rank));
  }
  return arrivals;
}

}  // namespace

void admit_ranks(const PodManifest& pod, const Admission& admission, std::unique_ptr<Placer> placer,
                 Admissions& ranks, int image_ended, DIR* threads) {
  StepCpus cpus{threads};
  for (unsigned left = pod.local_ranks; left > 0;) {
    const Arrivals arrivals = await_ranks(placer ? left : 1, ranks, image_ended);
    if (arrivals.came == 0) return;
    std::vector<Seat> seats;
    try {
      seats = seats_for(pod, placer.get(), arrivals.seated);
    } catch (const std::exception& e) {
      for (const Applicant& rank : arrivals.waiting) Admissions::refuse(rank, e.what());
      throw;  // who has not come yet is told by who keeps the pod
    }
    placer.reset();
    cpus.add(arrivals.seated, seats);
    for (std::size_t i = 0; i < seats.size(); ++i)
      Admissions::admit(arrivals.waiting[i], admission, seats[i]);
    left -= std::min(left, arrivals.came);
  }
}

}  // namespace sabot
