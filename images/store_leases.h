// SPDX-License-Identifier: Apache-2.0
// store_leases.h: who still needs an image: leases/HEX.HOLDER, an empty file whose modification time is when
// the lease ends, and whose change time is when it was last asked for.
// The order is what protects an image, also where there are no locks: who needs one takes its lease first and
// looks for the image then; who collects moves an image aside first and looks for leases then (store_gc.h).
// Not here: which jobs there are (launcher/), collecting (store_gc.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "images/store.h"

namespace sabot::images {

inline constexpr char kLeasesFolder[] = "leases";

/// What stands behind the digest in a lease's file name.
std::string user_holder();                  ///< `u1000`: a request of this user, whose job may be queued
std::string job_holder(std::uint64_t job);  ///< `j42`: a Slurm job; one lease whatever steps it has
std::string process_holder();               ///< `p` and own_identity(): this process, and what it becomes

struct Lease {
  std::string digest;        ///< `sha256:HEX`
  std::string holder;        ///< as above
  std::int64_t until_s = 0;  ///< seconds since 1970, by the file system's clock
  std::int64_t asked_s = 0;  ///< when it was taken or prolonged last
  uid_t owner = 0;
};

/// Take or prolong `holder`'s lease of `digest` for `seconds` from now. Never shortens one.
/// Returns     false where the store cannot be written by us: a site's store without a leases/ that users may
///             write, a read-only file system, no space. The image is then kept by its age alone
bool take_lease(const Store& store, const std::string& digest, const std::string& holder,
                std::int64_t seconds);

/// Make leases/; with `shared` one that every user of the store may write into, as in /tmp.
void make_leases_folder(const Store& store, bool shared);

/// Give it back; no failure where there is none.
void drop_lease(const Store& store, const std::string& digest, const std::string& holder);

/// All of them, expired ones too.
std::vector<Lease> list_leases(const Store& store);

/// The job of a `j42`; 0 for another holder.
std::uint64_t job_of(const std::string& holder);

/// Whether `lease` protects its image at `now_s`: until it ends, and 5 minutes more for clocks that differ.
/// The lease of a process on this host ends with the process.
bool protects(const Lease& lease, std::int64_t now_s);

}  // namespace sabot::images
