// SPDX-License-Identifier: Apache-2.0
// partial_blob.cc: see partial_blob.h.
#include "images/registry/partial_blob.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "images/process_identity.h"
#include "sys/error.h"

namespace sabot::images::registry {
namespace {

constexpr std::chrono::milliseconds kLockPoll{50};

UniqueFd open_file(int folder, const std::string& name) {
  return UniqueFd{
      check(::openat(folder, name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), "open", name)};
}

std::uint64_t size_of(int fd) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat");
  return static_cast<std::uint64_t>(st.st_size);
}

// Whether the name still leads to the file that is open: another process may have removed it while we waited.
bool still_named(int folder, const std::string& name, int fd) {
  struct stat named {};
  struct stat opened {};
  return ::fstatat(folder, name.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 && ::fstat(fd, &opened) == 0 &&
         named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

}  // namespace

class PartialBlobReader : public ByteSource {
 public:
  explicit PartialBlobReader(PartialBlob& blob) : blob_(blob) {}
  std::size_t read(std::span<std::uint8_t> into) override {
    const std::size_t got = blob_.read(at_, into);
    at_ += got;
    return got;
  }

 private:
  PartialBlob& blob_;
  std::uint64_t at_ = 0;
};

std::uint64_t PartialBlob::open(int folder, const std::atomic<bool>& stop) {
  folder_ = UniqueFd{check(::fcntl(folder, F_DUPFD_CLOEXEC, 0), "dup")};
  file_name_ = blob_.digest.substr(blob_.digest.find(':') + 1);
  do {
    file_ = open_file(folder, file_name_);
    if (!lock(stop)) {
      file_name_ += "." + own_identity();
      file_ = open_file(folder, file_name_);
    }
  } while (!still_named(folder, file_name_, file_.get()));
  if (size_of(file_.get()) > blob_.size_bytes) restart();
  return size_of(file_.get());
}

/// False where the file system has no locks.
bool PartialBlob::lock(const std::atomic<bool>& stop) {
  while (::flock(file_.get(), LOCK_EX | LOCK_NB) == -1) {
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    if (stop.load()) throw Refused("ended before another process had it");
    std::this_thread::sleep_for(kLockPoll);
  }
  return true;
}

void PartialBlob::write(std::uint64_t at, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (put == -1 && errno == EINTR) continue;
    at += static_cast<std::uint64_t>(check(put, "write", "blobs/partial/" + file_name_));
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  if (!streams_) return;
  const std::lock_guard hold{mutex_};
  readable_ = std::max(readable_, at);
  changed_.notify_all();
}

void PartialBlob::restart() { check(::ftruncate(file_.get(), 0), "truncate", "blobs/partial/" + file_name_); }

void PartialBlob::finish() {
  const std::lock_guard hold{mutex_};
  readable_ = blob_.size_bytes;
  complete_ = true;
  changed_.notify_all();
}

void PartialBlob::fail(std::exception_ptr why) {
  const std::lock_guard hold{mutex_};
  failed_ = std::move(why);
  changed_.notify_all();
}

std::unique_ptr<ByteSource> PartialBlob::reader() { return std::make_unique<PartialBlobReader>(*this); }

/// At the end of what is there, waits for more until the download is complete.
std::size_t PartialBlob::read(std::uint64_t at, std::span<std::uint8_t> into) {
  std::unique_lock hold{mutex_};
  changed_.wait(hold, [&] { return failed_ || complete_ || readable_ > at; });
  if (failed_) std::rethrow_exception(failed_);
  const std::uint64_t there = std::min<std::uint64_t>(readable_ - std::min(readable_, at), into.size());
  hold.unlock();
  if (there == 0) return 0;
  ssize_t got = -1;
  do {
    got = ::pread(file_.get(), into.data(), there, static_cast<off_t>(at));
  } while (got == -1 && errno == EINTR);
  return static_cast<std::size_t>(check(got, "read", "blobs/partial/" + file_name_));
}

void PartialBlob::remove() {
  if (folder_.valid()) ::unlinkat(folder_.get(), file_name_.c_str(), 0);
}

}  // namespace sabot::images::registry
