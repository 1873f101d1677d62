// SPDX-License-Identifier: Apache-2.0
// download.h: blobs from a registry into the store's folder of partial ones, several at once, while the first
// of them are being read already.
// Not here: the files (partial_blob.h), asking hosts (endpoint.h).
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "images/registry/partial_blob.h"
#include "images/registry/registry.h"

namespace sabot::images::registry {

/// Downloads at once, of one image.
inline constexpr std::size_t kDownloadsAtOnce = 4;

class Downloads {
 public:
  /// `registry` and `folder` are borrowed.
  Downloads(Registry& registry, int folder) : registry_(registry), folder_(folder) {}
  ~Downloads();  ///< ends what is under way within a second; what is on disk stays for the next time
  Downloads(const Downloads&) = delete;
  Downloads& operator=(const Downloads&) = delete;

  /// Begin with `blobs`, in this order; one that is named twice is got once.
  void start(const std::vector<Descriptor>& blobs);

  /// Null for a blob that was not started.
  PartialBlob* find(const std::string& digest);

  /// Remove the files: what was made of them is safe.
  void discard();

 private:
  void work() noexcept;
  PartialBlob* next();

  Registry& registry_;
  int folder_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // of queue_
  std::vector<PartialBlob*> queue_;
  std::size_t taken_ = 0;
  std::map<std::string, std::unique_ptr<PartialBlob>> blobs_;
  std::vector<std::thread> threads_;
};

}  // namespace sabot::images::registry
