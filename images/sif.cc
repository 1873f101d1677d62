// SPDX-License-Identifier: Apache-2.0
// sif.cc: see sif.h. Offsets and lengths are a stranger's: each is compared with the file's size before use.
#include "images/sif.h"

#include <endian.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

// struct header, little-endian and packed: launch script 32, magic 10, version 3, architecture 3, id 16, two
// times, then the descriptors.
constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kMagicAt = 32;
constexpr std::string_view kMagic{"SIF_MAGIC\0", 10};
constexpr std::size_t kVersionAt = 42;
constexpr std::size_t kDescriptorsTotalAt = 88;
constexpr std::size_t kDescriptorsOffsetAt = 96;

// struct rawDescriptor: data type 4, used 1, id 4, group 4, link 4, offset 8, size 8, padded size 8, four
// times and owners, name 128, extra 384.
constexpr std::size_t kDescriptorBytes = 585;
constexpr std::size_t kUsedAt = 4;
constexpr std::size_t kOffsetAt = 17;
constexpr std::size_t kSizeAt = 25;
constexpr std::size_t kExtraAt = 201;
constexpr std::uint64_t kMaxDescriptors = 1024;  // the tools write 48

constexpr std::uint32_t kPartition = 0x4004;
constexpr std::uint32_t kPrimarySystem = 2;
constexpr const char* kFileSystems[] = {
    "", "squashfs", "ext3", "an archive", "raw data", "encrypted squashfs", "gocryptfs squashfs"};
constexpr std::uint32_t kSquashfs = 1;

struct Architecture {
  std::string_view code;
  const char* name;
};
constexpr Architecture kArchitectures[] = {{"01", "386"},   {"02", "amd64"}, {"03", "arm"},
                                           {"04", "arm64"}, {"05", "ppc64"}, {"06", "ppc64le"}};
#if defined(__x86_64__)
constexpr std::string_view kOwnArchitecture = "02";
#elif defined(__aarch64__)
constexpr std::string_view kOwnArchitecture = "04";
#elif defined(__powerpc64__)
constexpr std::string_view kOwnArchitecture = "06";
#else
constexpr std::string_view kOwnArchitecture = "";
#endif

template <std::size_t N>
std::uint64_t number(const std::array<char, N>& bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, width);
  return le64toh(value);
}

template <std::size_t N>
bool read_at(int fd, std::uint64_t offset, std::array<char, N>& into) {
  const ssize_t got = check(::pread(fd, into.data(), N, static_cast<off_t>(offset)), "read");
  return got == static_cast<ssize_t>(N);
}

void refuse_architecture(const char* code) {
  const std::string_view own = kOwnArchitecture;
  if (own.empty() || std::string_view(code, 2) == own) return;
  std::string name = "number " + printable(std::string_view(code, 2));
  for (const Architecture& known : kArchitectures)
    if (known.code == std::string_view(code, 2)) name = known.name;
  throw Refused("a SIF image for the architecture " + name);
}

bool is_primary(const std::array<char, kDescriptorBytes>& descriptor) {
  return number(descriptor, 0, 4) == kPartition && descriptor[kUsedAt] != 0 &&
         number(descriptor, kExtraAt + 4, 4) == kPrimarySystem;
}

FilePiece piece_of(const std::array<char, kDescriptorBytes>& descriptor, std::uint64_t file_bytes) {
  const std::uint64_t kind = number(descriptor, kExtraAt, 4);
  if (kind != kSquashfs)
    throw Refused(std::string("a SIF image whose file system is ") +
                  (kind < std::size(kFileSystems) && kind > 0 ? kFileSystems[kind] : "of an unknown kind") +
                  "; only squashfs can be run");
  refuse_architecture(descriptor.data() + kExtraAt + 8);
  const FilePiece piece{number(descriptor, kOffsetAt, 8), number(descriptor, kSizeAt, 8)};
  if (piece.offset > file_bytes || piece.bytes > file_bytes - piece.offset || piece.bytes == 0)
    throw Refused("a damaged SIF image: its partition lies outside of the file");
  return piece;
}

}  // namespace

std::optional<FilePiece> find_sif_partition(int fd) {
  struct stat st {};
  if (::fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) return std::nullopt;
  const auto file_bytes = static_cast<std::uint64_t>(st.st_size);
  std::array<char, kHeaderBytes> header{};
  if (!read_at(fd, 0, header)) return std::nullopt;
  if (std::memcmp(header.data() + kMagicAt, kMagic.data(), kMagic.size()) != 0) return std::nullopt;
  if (std::string_view(header.data() + kVersionAt, 2) != "01")
    throw Refused("a SIF image of version '" + printable(std::string_view(header.data() + kVersionAt, 2)) +
                  "'; only 01 is known");
  const std::uint64_t total = number(header, kDescriptorsTotalAt, 8);
  const std::uint64_t offset = number(header, kDescriptorsOffsetAt, 8);
  if (total > kMaxDescriptors || offset > file_bytes || total * kDescriptorBytes > file_bytes - offset)
    throw Refused("a damaged SIF image: its table lies outside of the file");
  std::array<char, kDescriptorBytes> descriptor{};
  for (std::uint64_t i = 0; i < total; ++i) {
    if (!read_at(fd, offset + i * kDescriptorBytes, descriptor)) throw Refused("a truncated SIF image");
    if (is_primary(descriptor)) return piece_of(descriptor, file_bytes);
  }
  throw Refused("a SIF image without a system partition");
}

}  // namespace sabot::images
