// SPDX-License-Identifier: Apache-2.0
// partial_blob.h: what the store has of a blob while it is downloaded, and who reads it meanwhile.
// STORE/blobs/partial/HEX holds the blob's first bytes. A file is believed only once all of it hashes to its
// name, so what a crash left needs no mark of its own, and no sync.
// Not here: downloading (download.h).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "images/byte_source.h"
#include "images/oci_documents.h"
#include "sys/unique_fd.h"

namespace sabot::images::registry {

/// One thread writes, any number read; readers wait for bytes that are not there yet.
class PartialBlob {
 public:
  explicit PartialBlob(Descriptor blob) : blob_(std::move(blob)) {}

  const Descriptor& descriptor() const { return blob_; }

  // For the thread that downloads.

  /// Open and lock its file below `folder`, made where it is missing. Waits for another process that
  /// downloads the same blob, until `stop`. Where there are no locks the file is this process's own.
  /// Returns     how many bytes are there; they are read by nobody until finish()
  std::uint64_t open(int folder, const std::atomic<bool>& stop);
  /// Readers may have bytes as they come from now on: only where all of them come from this download.
  void stream() { streams_ = true; }
  void write(std::uint64_t at, std::span<const std::uint8_t> bytes);
  /// Forget all bytes.
  void restart();
  /// All bytes are there and hash to the digest.
  void finish();
  /// Readers get `why` thrown.
  void fail(std::exception_ptr why);

  // For everybody.

  std::unique_ptr<ByteSource> reader();
  /// Remove the file: it is needed no more, or is wrong.
  void remove();
  int fd() const { return file_.get(); }

 private:
  friend class PartialBlobReader;
  std::size_t read(std::uint64_t at, std::span<std::uint8_t> into);
  bool lock(const std::atomic<bool>& stop);

  Descriptor blob_;
  UniqueFd folder_;
  std::string file_name_;
  UniqueFd file_;
  bool streams_ = false;
  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::uint64_t readable_ = 0;
  bool complete_ = false;
  std::exception_ptr failed_;
};

}  // namespace sabot::images::registry
