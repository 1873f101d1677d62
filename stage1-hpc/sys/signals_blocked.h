// SPDX-License-Identifier: Apache-2.0
// signals_blocked.h: start threads that no signal reaches.
#pragma once

#include <pthread.h>

#include <csignal>

namespace sabot {

/// All signals, in this thread, while it lasts. Threads inherit the mask of the thread that starts them.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace sabot
