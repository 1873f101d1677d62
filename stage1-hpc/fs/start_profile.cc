// SPDX-License-Identifier: Apache-2.0
// start_profile.cc: see start_profile.h.
#include "fs/start_profile.h"

#include <endian.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <unordered_set>

#include "sys/files.h"

namespace sabot {
namespace {

constexpr std::string_view kMagic = "SABOTPF1";
constexpr std::size_t kHeadBytes = 24;
constexpr std::size_t kBlockBytes = 12;
constexpr std::uint32_t kCompressed = 1U << 31;

void put32(std::string& out, std::uint32_t value) {
  value = htole32(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put64(std::string& out, std::uint64_t value) {
  put32(out, static_cast<std::uint32_t>(value));
  put32(out, static_cast<std::uint32_t>(value >> 32));
}

std::uint32_t get32(std::string_view bytes, std::size_t at) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return le32toh(value);
}

std::uint64_t get64(std::string_view bytes, std::size_t at) {
  return get32(bytes, at) | std::uint64_t{get32(bytes, at + 4)} << 32;
}

// FNV-1a: against torn writes, not against people.
std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t sum = 14695981039346656037U;
  for (const char byte : bytes) sum = (sum ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  return sum;
}

}  // namespace

std::string encode_profile(const StartProfile& profile) {
  std::string blocks;
  for (const StoredBlock& block : profile.blocks) {
    put64(blocks, block.position);
    put32(blocks, block.stored_bytes | (block.compressed ? kCompressed : 0));
  }
  std::string out(kMagic);
  put32(out, profile.runs);
  put32(out, static_cast<std::uint32_t>(profile.blocks.size()));
  put64(out, checksum(blocks));
  return out + blocks;
}

std::optional<StartProfile> decode_profile(std::string_view bytes) {
  if (bytes.size() < kHeadBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  StartProfile profile;
  profile.runs = get32(bytes, 8);
  const std::size_t count = get32(bytes, 12);
  if (count > kProfileBlocksMax || bytes.size() < kHeadBytes + count * kBlockBytes) return std::nullopt;
  const std::string_view blocks = bytes.substr(kHeadBytes, count * kBlockBytes);  // a longer one was before
  if (get64(bytes, 16) != checksum(blocks)) return std::nullopt;
  for (std::size_t at = 0; at < blocks.size(); at += kBlockBytes) {
    const std::uint32_t listed = get32(blocks, at + 8);
    profile.blocks.push_back({get64(blocks, at), listed & ~kCompressed, (listed & kCompressed) != 0});
  }
  return profile;
}

StartProfile merge(StartProfile old, const std::vector<StoredBlock>& read) {
  std::unordered_set<std::uint64_t> known;
  for (const StoredBlock& block : old.blocks) known.insert(block.position);
  const std::size_t before = old.blocks.size();
  for (const StoredBlock& block : read)
    if (old.blocks.size() < kProfileBlocksMax && known.insert(block.position).second)
      old.blocks.push_back(block);
  old.runs = old.blocks.size() - before > before / 2 ? 1 : old.runs + 1;
  return old;
}

StartProfile load_profile(int fd) noexcept {
  try {
    if (fd >= 0) return decode_profile(read_all(fd, kProfileBytesMax)).value_or(StartProfile{});
  } catch (const std::exception&) {  // a directory, an I/O error, too long: no profile
  }
  return {};
}

void store_profile(int fd, const StartProfile& profile) noexcept {
  try {
    if (::lseek(fd, 0, SEEK_SET) == 0) write_all(fd, encode_profile(profile));
  } catch (const std::exception&) {  // a full disk; what was torn does not fit its checksum
  }
}

}  // namespace sabot
