// SPDX-License-Identifier: Apache-2.0
// store_tags.cc: see store_tags.h. A file is named by its key, percent-encoded.
#include "images/store_tags.h"

#include <fcntl.h>

#include <charconv>
#include <sstream>

#include "images/store_files.h"
#include "images/store_folders.h"
#include "images/store_names.h"
#include "images/store_staging.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr char kTagsFolder[] = "tags";
constexpr std::size_t kTagBytes = 512;
constexpr std::size_t kPieceBytes = 200;  // a file name has at most 255 bytes, and long keys several folders

// A long key becomes a path of pieces; the last has a suffix that no folder has.
std::string folder_of(const std::string& encoded) {
  std::string folder = kTagsFolder;
  for (std::size_t at = 0; at + kPieceBytes < encoded.size(); at += kPieceBytes)
    folder += "/" + encoded.substr(at, kPieceBytes) + "+";
  return folder;
}

std::string last_piece(const std::string& encoded) {
  const std::size_t pieces = encoded.empty() ? 0 : (encoded.size() - 1) / kPieceBytes;
  return encoded.substr(pieces * kPieceBytes);
}

std::optional<TagRecord> parse(const std::string& text) {
  std::istringstream words(text);
  TagRecord record;
  if (!(words >> record.manifest_digest >> record.image_digest >> record.checked_s)) return std::nullopt;
  if (!is_sha256_digest(record.manifest_digest) || !is_sha256_digest(record.image_digest))
    return std::nullopt;
  return record;
}

}  // namespace

std::string tag_key(const std::string& reference, const ImportOptions& options) {
  const char* const kCompressions[] = {"zstd", "gzip", "xz", "lz4", "none"};
  return reference + " " + options.architecture + " " +
         kCompressions[static_cast<std::size_t>(options.compression)] + " " +
         std::to_string(options.compression_level) + " " + std::to_string(options.block_size);
}

std::optional<TagRecord> find_tag(const Store& store, const std::string& key) {
  const std::string encoded = encode_name(key);
  try {
    const UniqueFd folder = open_folder(store.fd(), folder_of(encoded), false);
    auto record = parse(read_file(folder.get(), last_piece(encoded), kTagBytes));
    const UniqueFd images = open_folder(store.fd(), kImagesFolder, false);
    if (record && record_of(images.get(), record->image_digest)) return record;
  } catch (const Error& e) {
    if (e.code().value() != ENOENT) throw;
  }
  return std::nullopt;
}

void write_tag(const Store& store, const std::string& key, const TagRecord& record) {
  const std::string encoded = encode_name(key);
  std::ostringstream line;
  line << record.manifest_digest << ' ' << record.image_digest << ' ' << record.checked_s << '\n';
  replace_file(store.fd(), folder_of(encoded), last_piece(encoded), line.str());
}

}  // namespace sabot::images
