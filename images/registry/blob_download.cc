// SPDX-License-Identifier: Apache-2.0
// blob_download.cc: see blob_download.h.
#include "images/registry/blob_download.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images::registry {
namespace {

constexpr std::uint64_t kProgressBytes = std::uint64_t{1} << 20;  // so many make a cut no failure

// "bytes 5-9/10" begins at 5; nothing where it is something else, or of another size.
std::optional<std::uint64_t> begin_of_range(const std::string& header, std::uint64_t size) {
  if (!header.starts_with("bytes ")) return std::nullopt;
  const char* end = header.data() + header.size();
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  const auto [dash, error] = std::from_chars(header.data() + 6, end, first);
  if (error != std::errc{} || dash == end || *dash != '-') return std::nullopt;
  const auto [slash, other_error] = std::from_chars(dash + 1, end, last);
  if (other_error != std::errc{} || slash == end || *slash != '/') return std::nullopt;
  const std::string total(slash + 1, end);
  if (total != "*" && total != std::to_string(size)) return std::nullopt;
  return first;
}

std::string of_bytes(std::uint64_t at, std::uint64_t size) {
  return std::to_string(at) + " of " + std::to_string(size) + " bytes";
}

}  // namespace

void BlobDownload::run(int folder) {
  const Context doing{"download of " + blob_.descriptor().digest};
  resume(blob_.open(folder, stop_));
  std::string why;
  for (bool complete = at_ == size_; !complete;) {
    const auto& endpoints = registry_.endpoints();
    complete = std::any_of(endpoints.begin(), endpoints.end(),
                           [&](const auto& endpoint) { return fetch_from(*endpoint, &why); });
    if (!complete) throw Refused(why);
  }
  check_digest();
}

/// What is on disk is hashed; readers see it when all is known to be right.
void BlobDownload::resume(std::uint64_t there) {
  resumed_ = there > 0;
  if (!resumed_) blob_.stream();
  std::vector<std::uint8_t> block(std::size_t{1} << 20);
  while (at_ < there && !stop_.load()) {
    const std::size_t wanted = std::min<std::uint64_t>(block.size(), there - at_);
    const ssize_t got = ::pread(blob_.fd(), block.data(), wanted, static_cast<off_t>(at_));
    if (check(got, "read") == 0) break;
    hash_.update(std::span{block}.first(static_cast<std::size_t>(got)));
    at_ += static_cast<std::uint64_t>(got);
  }
}

/// A resumed blob that is wrong is got again, once: a crash may have left anything. A fresh one is a lie.
void BlobDownload::check_digest() {
  const std::string digest = hash_.digest();
  if (digest == blob_.descriptor().digest) {
    blob_.finish();
    return;
  }
  if (!resumed_) {
    blob_.remove();
    throw Refused("what the registry sent has the digest " + digest);
  }
  start_over();
}

void BlobDownload::start_over() {
  blob_.restart();
  BlobDownload fresh(registry_, client_, blob_, stop_);
  blob_.stream();
  std::string why;
  for (const auto& endpoint : registry_.endpoints())
    if (fresh.at_ == size_ || fresh.fetch_from(*endpoint, &why)) return fresh.check_digest();
  throw Refused(why);
}

/// True when all bytes are there; else `why` says why this host does not give them.
bool BlobDownload::fetch_from(Endpoint& endpoint, std::string* why) {
  Retry retry(&stop_);
  etag_.clear();
  ranges_ = true;
  for (std::uint64_t before = at_;; before = at_) {
    long asked_s = 0;
    try {
      const HttpResponse response = ask(endpoint);
      if (at_ == size_) return true;
      asked_s = retry_after_s(response.header("retry-after"), ::time(nullptr));
      const bool cut = response.status == 200 || response.status == 206;
      *why = cut ? endpoint.host() + " ends it after " + of_bytes(at_, size_)
                 : refusal(response, endpoint.host(), "blob " + blob_.descriptor().digest);
      if (response.status == 416) ranges_ = false;
      if (!cut && response.status != 416 && !is_passing(response.status)) return false;
    } catch (const HttpFailure& e) {
      if (at_ == size_) return true;
      *why = e.reason + " (after " + of_bytes(at_, size_) + ")";
      if (e.kind == HttpFailure::Kind::lasting) return false;
    }
    if (at_ - before >= kProgressBytes) retry.progressed();
    if (!retry.again(asked_s)) return false;
  }
}

HttpResponse BlobDownload::ask(Endpoint& endpoint) {
  std::vector<std::string> headers;
  if (at_ > 0 && ranges_) {
    headers.push_back("Range: bytes=" + std::to_string(at_) + "-");
    if (!etag_.empty()) headers.push_back("If-Range: " + etag_);
  }
  return endpoint.get(client_, "blobs/" + blob_.descriptor().digest, headers, this);
}

/// A server that ignores the range sends all again: what is known of it is skipped.
bool BlobDownload::begin(const HttpResponse& response) {
  if (response.status != 200 && response.status != 206) return false;
  body_at_ = 0;
  if (response.status == 206) {
    const auto begins = begin_of_range(response.header("content-range"), size_);
    if (!begins || *begins != at_) {
      ranges_ = false;
      throw HttpFailure(HttpFailure::Kind::passing, "the registry sends another range than asked for");
    }
    body_at_ = at_;
  }
  const std::string length = response.header("content-length");
  if (!length.empty() && length != std::to_string(size_ - body_at_))
    throw Refused("the registry sends " + printable(length.substr(0, 30)) +
                  " bytes, where the manifest says " + std::to_string(size_ - body_at_));
  const std::string etag = response.header("etag");
  if (etag.starts_with('"') && etag.size() <= 256 && printable(etag) == etag) etag_ = etag;
  return true;
}

void BlobDownload::write(std::span<const std::uint8_t> bytes) {
  if (body_at_ < at_) {
    const std::uint64_t skip = std::min<std::uint64_t>(bytes.size(), at_ - body_at_);
    body_at_ += skip;
    bytes = bytes.subspan(skip);
  }
  if (bytes.empty()) return;
  if (bytes.size() > size_ - at_)
    throw Refused("the registry sends more than the " + std::to_string(size_) + " bytes the manifest says");
  hash_.update(bytes);
  blob_.write(at_, bytes);
  at_ += bytes.size();
  body_at_ = at_;
}

}  // namespace sabot::images::registry
