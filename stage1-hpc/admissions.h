// SPDX-License-Identifier: Apache-2.0
// admissions.h: the keeper's door: ranks that join are let into the pod, or told why not.
// Not here: the place (rendezvous.h), the words (protocol.h), how a rank enters (rank_entry.h).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "placer.h"
#include "sys/unique_fd.h"

namespace sabot {

/// A rank that waits for an answer.
struct Applicant {
  UniqueFd socket;  ///< to the rank itself
  pid_t rank = -1;  ///< its pid when it joined
  unsigned local_rank = 0;
  std::string gpus;  ///< "0,1", by its own word
};

/// What a rank is handed. Descriptors are borrowed.
struct Admission {
  std::vector<int> namespaces;  ///< user, mount, then those that were asked for
  std::string workdir;
  std::vector<std::string> env;          ///< NAME=VALUE
  std::vector<std::string> default_env;  ///< likewise, where the rank has none
  bool privileged = false;
  std::vector<std::string> unset = {};  ///< NAME=VALUE that the rank shall not have
};

class Admissions {
 public:
  /// `door`: the keeper's end of the rendezvous; its queue holds the ranks.
  explicit Admissions(UniqueFd door) : door_(std::move(door)) {}
  int door() const { return door_.get(); }  ///< -1: closed

  /// The next one in the queue; waits for it. Nothing where what came was no rank. When nobody can come any
  /// more the door is closed and nothing returned.
  std::optional<Applicant> next();
  /// Hand over the pod and the rank's place on the node. A rank that died meanwhile is no error.
  static void admit(const Applicant& rank, const Admission& pod, const Seat& seat);
  /// Tell it why there is no place for it.
  static void refuse(const Applicant& rank, std::string_view why);
  /// Tell up to `expected` ranks, as long as they keep coming, why there will be no pod.
  void refuse_all(unsigned expected, std::string_view why) noexcept;
  /// Nobody is let in any more, and who waits is turned away. The descriptor stays open: that it closes with
  /// this process tells slurmstepd that the keeper is gone.
  void close();

 private:
  UniqueFd door_;
  UniqueFd closed_door_;
};

}  // namespace sabot
