// SPDX-License-Identifier: Apache-2.0
// read_ahead.h: the first seconds of a pod: read and decompress what its profile says with threads of our
// own, before anybody asks, and record what is asked for. Not here: the profile's form (start_profile.h).
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "fs/image_reader.h"
#include "fs/start_profile.h"
#include "sys/unique_fd.h"

namespace sabot {

/// From construction to kSeconds later, or to its end. Must not outlive `image`.
class ReadAhead {
 public:
  static constexpr unsigned kSeconds = 10;

  /// `profile_file`   holds the profile; where it is open for writing, a run is added to it. May be invalid:
  ///                  then nothing happens at all.
  ReadAhead(ImageReader& image, UniqueFd profile_file);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

 private:
  void start_threads();
  void read_ahead();
  void keep_time();
  void end();

  ImageReader& image_;
  UniqueFd file_;
  StartProfile profile_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_now_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sabot
