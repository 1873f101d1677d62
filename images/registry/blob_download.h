// SPDX-License-Identifier: Apache-2.0
// blob_download.h: one blob: from where an earlier download was cut, through cuts of this one, to its digest.
// Not here: which blobs, and how many at once (download.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "images/digest.h"
#include "images/registry/partial_blob.h"
#include "images/registry/registry.h"
#include "images/registry/retry.h"

namespace sabot::images::registry {

class BlobDownload : private BodySink {
 public:
  /// All are borrowed.
  BlobDownload(Registry& registry, HttpClient& client, PartialBlob& blob, const std::atomic<bool>& stop)
      : registry_(registry), client_(client), blob_(blob), stop_(stop), size_(blob.descriptor().size_bytes) {}

  /// Throws      Refused or Error: no host has it, a size or digest other than promised, no space
  void run(int folder);

 private:
  void resume(std::uint64_t there);
  bool fetch_from(Endpoint& endpoint, std::string* why);
  HttpResponse ask(Endpoint& endpoint);
  void check_digest();
  void start_over();
  bool begin(const HttpResponse& response) override;
  void write(std::span<const std::uint8_t> bytes) override;

  Registry& registry_;
  HttpClient& client_;
  PartialBlob& blob_;
  const std::atomic<bool>& stop_;
  std::uint64_t size_;
  std::uint64_t at_ = 0;       // bytes on disk and hashed
  std::uint64_t body_at_ = 0;  // where in the blob the body's next byte is
  Sha256 hash_;
  bool resumed_ = false;  // some bytes are of an earlier download
  bool ranges_ = true;    // the server has not been wrong about them
  std::string etag_;      // of the host that is asked now; empty: none that is strong
};

}  // namespace sabot::images::registry
