// SPDX-License-Identifier: Apache-2.0
// store_names.cc: see store_names.h.
#include "images/store_names.h"

#include <fcntl.h>

#include <algorithm>

#include "images/reference.h"
#include "images/store_folders.h"
#include "images/store_staging.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::size_t kNameFileBytes = 128;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}

}  // namespace

std::string encode_name(const std::string& name) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string file;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(c) && !(c == '.' && file.empty())) {
      file += c;
    } else {
      file += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return file;
}

std::optional<std::string> decode_name(const std::string& file) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string name;
  for (std::size_t i = 0; i < file.size(); ++i) {
    if (file[i] != '%') {
      name += file[i];
      continue;
    }
    const int high = i + 1 < file.size() ? digit(file[i + 1]) : -1;
    const int low = i + 2 < file.size() ? digit(file[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    name += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (encode_name(name) != file) return std::nullopt;
  return name;
}

std::optional<std::string> read_name(int names, const std::string& name) {
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const UniqueFd fd{::openat(names, encode_name(name).c_str(), flags)};
  if (!fd.valid()) {
    if (errno == ENOENT || errno == ELOOP) return std::nullopt;
    throw Error(errno, "open 'names/" + encode_name(name) + "'");
  }
  std::string digest = read_all(fd.get(), kNameFileBytes);
  while (digest.ends_with('\n')) digest.pop_back();
  if (!is_sha256_digest(digest)) return std::nullopt;
  return digest;
}

void write_name(int root, const std::string& name, const std::string& digest) {
  replace_file(root, "names", encode_name(name), digest + "\n");
}

std::map<std::string, std::vector<std::string>> read_all_names(int root) {
  std::map<std::string, std::vector<std::string>> all;
  const UniqueFd names = open_folder(root, "names", false);
  for (const std::string& file : list_folder(names.get())) {
    const auto name = decode_name(file);
    const auto digest = name ? read_name(names.get(), *name) : std::nullopt;
    if (digest) all[*digest].push_back(*name);
  }
  for (auto& [digest, list] : all) std::sort(list.begin(), list.end());
  return all;
}

}  // namespace sabot::images
