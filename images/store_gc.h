// SPDX-License-Identifier: Apache-2.0
// store_gc.h: which images of a store nobody needs any more, and taking them away without losing one that
// somebody does.
// An image is first moved from images/ to going/; leases are looked at once more; then it is removed, or put
// back. With store_leases.h's order on the other side no image that is in use goes, without a lock as well.
// Not here: which jobs Slurm has (launcher/), removing by name (store.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "images/store.h"
#include "images/store_leases.h"

namespace sabot::images {

/// What may go. Nothing that is leased goes, whatever the policy.
struct GcPolicy {
  std::int64_t older_than_s = std::int64_t{7} * 24 * 3600;  ///< unused for as long
  std::size_t keep = 0;                     ///< of those, this many that were used last stay all the same
  std::optional<std::uint64_t> size_bytes;  ///< also, used last goes last, until the store has no more
  bool named = false;                       ///< images that have a name may go, with their names
};

struct GcImage {
  ImageRecord record;
  std::int64_t used_s = 0;  ///< stored, or asked for, whichever was later
  std::string needed_by;    ///< the holder of a lease; empty: nobody
};

struct GcVerdict {
  GcImage image;
  bool goes = false;
  std::string why;  ///< one phrase
};

/// The policy, on what the store has. Sorted: used longest ago first. Pure.
std::vector<GcVerdict> decide_gc(std::vector<GcImage> images, const GcPolicy& policy, std::int64_t now_s);

/// True where Slurm says that the job is pending, running or suspended. A lease of such a job does not end.
using JobIsAlive = std::function<bool(std::uint64_t job)>;

/// Apply `policy`; also what killed importers and collectors left, leases that ended, and records of images
/// that are gone. With `dry_run` nothing is written. Returns     a verdict for each image; one that could not
/// go in the end says why Throws      Error where the store is not ours to write
std::vector<GcVerdict> collect(Store& store, const GcPolicy& policy, const JobIsAlive& job_is_alive,
                               bool dry_run);

struct RemovalRules {
  JobIsAlive job_is_alive;    ///< may be null: leases alone are asked
  std::string ignore;         ///< leases of holders with these first letters
  bool only_unnamed = false;  ///< one that has a name stays
};

/// Take `digest` and its names out of the store unless a lease forbids it.
/// Returns     why it stays, one phrase; empty: it is gone
std::string remove_unless_needed(Store& store, const std::string& digest, const RemovalRules& rules);

/// The lease of `leases` that keeps `digest`; null where there is none.
const Lease* lease_that_keeps(const std::vector<Lease>& leases, const std::string& digest, std::int64_t now_s,
                              const JobIsAlive& job_is_alive);

}  // namespace sabot::images
