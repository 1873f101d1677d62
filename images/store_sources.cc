// SPDX-License-Identifier: Apache-2.0
// store_sources.cc: see store_sources.h. `source` has lines NAME=VALUE.
#include "images/store_sources.h"

#include <fcntl.h>
#include <unistd.h>

#include <sstream>

#include "images/store_folders.h"
#include "images/store_staging.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::size_t kSourceBytes = 64 * 1024;

std::string folder_of(const std::string& digest) {
  if (!is_sha256_digest(digest)) throw Refused("'" + printable(digest) + "' is not a digest");
  return std::string(kSourcesFolder) + "/" + digest.substr(7);
}

std::string read_if_there(int folder, const char* name) {
  try {
    return read_file(folder, name, kJsonBytes);
  } catch (const Error& e) {
    if (e.code().value() == ENOENT) return {};
    throw;
  }
}

void read_lines(const std::string& text, SourceRecord& record) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == line.npos) continue;
    const std::string value = line.substr(equals + 1);
    if (line.starts_with("reference=")) record.reference = value;
    if (line.starts_with("manifest=")) record.manifest_digest = value;
    if (line.starts_with("imported=")) record.imported_s = std::strtoll(value.c_str(), nullptr, 10);
  }
}

}  // namespace

std::optional<SourceRecord> read_source(const Store& store, const std::string& digest) try {
  const UniqueFd folder = open_folder(store.fd(), folder_of(digest), false);
  SourceRecord record;
  read_lines(read_file(folder.get(), "source", kSourceBytes), record);
  record.manifest = read_if_there(folder.get(), "manifest.json");
  record.config = read_if_there(folder.get(), "config.json");
  return record;
} catch (const Error& e) {
  if (e.code().value() == ENOENT) return std::nullopt;
  throw;
}

void write_source(const Store& store, const std::string& digest, const SourceRecord& record) {
  const std::string folder = folder_of(digest);
  if (!record.manifest.empty()) replace_file(store.fd(), folder, "manifest.json", record.manifest);
  if (!record.config.empty()) replace_file(store.fd(), folder, "config.json", record.config);
  std::ostringstream lines;
  lines << "reference=" << printable(record.reference) << "\nmanifest=" << record.manifest_digest
        << "\nimported=" << record.imported_s << '\n';
  replace_file(store.fd(), folder, "source", lines.str());  // last: it says that the rest is there
}

void remove_source(const Store& store, const std::string& digest) {
  const UniqueFd sources = open_folder(store.fd(), kSourcesFolder, true);
  const std::string hex = digest.substr(7);
  {
    const UniqueFd folder = open_folder(sources.get(), hex, true);
    for (const char* name : {"source", "manifest.json", "config.json"}) ::unlinkat(folder.get(), name, 0);
  }
  ::unlinkat(sources.get(), hex.c_str(), AT_REMOVEDIR);
}

}  // namespace sabot::images
