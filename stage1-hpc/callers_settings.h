// SPDX-License-Identifier: Apache-2.0
// callers_settings.h: what of the caller's environment means nothing in this image: locales that it lacks, a
// login shell that it lacks. Decisions on the image's tree; no host path is looked at. Not here: what the
// image itself wants set (launcher/pod_builder.h), setting it (spank-plugin/step.cc).
#pragma once

#include <string>
#include <vector>

#include "fs/image_tree.h"
#include "manifest.h"
#include "mount_plan.h"

namespace sabot {

/// Whether programs of the image can be asked for `locale`, as in LANG=en_US.UTF-8. C and POSIX are
/// everywhere; musl takes any name; glibc has a directory or an entry of its archive for each, and since 2.35
/// C.UTF-8 built in. An image that cannot be read there is given the benefit of the doubt: the rank will see
/// for itself. Source  setlocale(3), glibc locale/loadarchive.c and locale/C-name.c
bool has_locale(const ImageTree& tree, const std::string& locale);

struct CallersSettings {
  std::vector<std::string> unset;        ///< NAME=VALUE: where the rank's is this value, it has none
  std::vector<std::string> default_env;  ///< NAME=VALUE, where it has none then
};

/// For `pod.locales` and `pod.shell`.
CallersSettings judge_settings(const PodManifest& pod, const ImageTree& tree, const MountPlan& plan);

}  // namespace sabot
