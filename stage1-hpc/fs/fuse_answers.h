// SPDX-License-Identifier: Apache-2.0
// fuse_answers.h: the answers to the kernel's requests, as libfuse's table of callbacks.
// Not here: the session and its threads (fuse_server.cc).
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>

#include "fs/fuse_server.h"
#include "fs/image_tree.h"

namespace sabot {

/// What the callbacks get as userdata; only read while serving.
struct Served {
  ImageTree tree;
  Ownership owner;
};

/// The callbacks are noexcept: an exception becomes its errno, or EIO.
const fuse_lowlevel_ops& fuse_answers();

}  // namespace sabot
