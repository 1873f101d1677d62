// SPDX-License-Identifier: Apache-2.0
// step_ranks.h: the ranks of a step on this node as they come: gathered, placed, let in.
// Not here: the door and its words (admissions.h), who decides on places (placement/).
#pragma once

#include <dirent.h>

#include <memory>

#include "admissions.h"
#include "manifest.h"
#include "placer.h"

namespace sabot {

/// Let ranks in until all have come, or nobody can come any more (the step is gone), or the image is:
/// `image_ended` is readable then. With a `placer`, who is to be placed waits for the others, since the place
/// of one depends on theirs (slurmstepd forks all within milliseconds); without, each is let in as it comes.
/// `threads`: /proc/self/task, open: the keeper's own threads make room for the ranks.
/// Throws Refused where ranks must be placed and cannot be.
void admit_ranks(const PodManifest& pod, const Admission& admission, std::unique_ptr<Placer> placer,
                 Admissions& ranks, int image_ended, DIR* threads);

}  // namespace sabot
