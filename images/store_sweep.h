// SPDX-License-Identifier: Apache-2.0
// store_sweep.h: what is left in a store by those who were killed, and records of what is no more.
// Not here: which images go (store_gc.h).
#pragma once

#include <cstdint>
#include <string>

#include "images/store_gc.h"

namespace sabot::images {

inline constexpr char kGoingFolder[] = "going";  ///< HEX.IDENTITY: set aside by that process

/// "job 42", "user 1000", "a process": for messages.
std::string describe_holder(const std::string& holder);

/// Put an image back that was set aside; where a new one is in its place already, that one stays.
void put_back(int going, const std::string& aside, int images, const std::string& digest);

/// Finish what killed collectors began: remove what they set aside, or put it back where it is needed or
/// named.
void sweep_going(Store& store, std::int64_t now_s, const JobIsAlive& job_is_alive);

/// Remove leases that ended (but the last that says when an image was used), what importers left in staging/,
/// downloads that nobody went on with for a week, names and records of images that have been gone for a day.
void sweep_records(Store& store, std::int64_t now_s, const JobIsAlive& job_is_alive);

}  // namespace sabot::images
