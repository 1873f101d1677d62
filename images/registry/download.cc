// SPDX-License-Identifier: Apache-2.0
// download.cc: the threads of a pull. See download.h.
#include "images/registry/download.h"

#include <algorithm>

#include "images/registry/blob_download.h"

namespace sabot::images::registry {

Downloads::~Downloads() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void Downloads::start(const std::vector<Descriptor>& blobs) {
  for (const Descriptor& blob : blobs) {
    auto& there = blobs_[blob.digest];
    if (there) continue;
    there = std::make_unique<PartialBlob>(blob);
    queue_.push_back(there.get());
  }
  const std::size_t count = std::min(queue_.size(), kDownloadsAtOnce);
  for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
}

PartialBlob* Downloads::find(const std::string& digest) {
  const auto found = blobs_.find(digest);
  return found == blobs_.end() ? nullptr : found->second.get();
}

void Downloads::discard() {
  for (const auto& [digest, blob] : blobs_) blob->remove();
}

PartialBlob* Downloads::next() {
  const std::lock_guard hold{mutex_};
  return stop_ || taken_ == queue_.size() ? nullptr : queue_[taken_++];
}

/// What goes wrong is thrown where the blob is read.
void Downloads::work() noexcept {
  while (PartialBlob* blob = next()) {
    try {
      HttpClient client(&stop_);
      BlobDownload(registry_, client, *blob, stop_).run(folder_);
    } catch (...) {
      blob->fail(std::current_exception());
    }
  }
}

}  // namespace sabot::images::registry
