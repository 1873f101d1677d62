// SPDX-License-Identifier: Apache-2.0
// placer.h: the keeper's way to ask where the ranks of its pod shall be: sabot-topo in a process of its own,
// which looks at the machine while the pod is being built. Not here: the decision (placement/).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cpu_list.h"
#include "sys/unique_fd.h"

namespace sabot {

/// What the keeper knows of a rank.
struct Seated {
  CpuMask mask;      ///< the CPUs that Slurm left it
  std::string gpus;  ///< "0,1", by the rank's own word
};

/// Where a rank shall be; lists as in cpu_list.h. Empty: where it is.
struct Seat {
  std::string cpus;
  std::string memory;
  bool strictly = false;  ///< memory from there alone
  std::string gpus;
};

class Placer {
 public:
  /// Start sabot-topo, which is beside this program. `topology`: a file to believe rather than the machine;
  /// may be empty. Call it before there are threads and before the user namespace is entered. Throws Error.
  explicit Placer(const std::string& topology);
  /// It ends when nobody asks any more.
  ~Placer();
  Placer(const Placer&) = delete;
  Placer& operator=(const Placer&) = delete;

  /// One seat for each of `ranks`, once. Throws Refused with sabot-topo's own words, or where it gave no
  /// answer within `timeout_ms`.
  std::vector<Seat> ask(const std::string& pin, unsigned threads, const std::vector<Seated>& ranks,
                        int timeout_ms);

 private:
  UniqueFd socket_;
  pid_t child_ = -1;
};

}  // namespace sabot
