// SPDX-License-Identifier: Apache-2.0
// support.cc: see support.h.
#include "support.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sys/error.h"

namespace sabot::test {
namespace {

bool steers(std::string_view name) {
  return name.starts_with("SABOT_") || name.starts_with("PYXIS_") || name.starts_with("SLURM_") ||
         name == "XDG_DATA_HOME";
}

}  // namespace

CleanEnvironment::CleanEnvironment() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view name = std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
    if (steers(name)) names.emplace_back(name);
  }
  for (const std::string& name : names) unset(name.c_str());
}

CleanEnvironment::~CleanEnvironment() {
  for (const auto& [name, value] : before_) {
    if (value) {
      ::setenv(name.c_str(), value->c_str(), 1);
    } else {
      ::unsetenv(name.c_str());
    }
  }
}

void CleanEnvironment::remember(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  before_.try_emplace(name, value != nullptr ? std::optional<std::string>(value) : std::nullopt);
}

void CleanEnvironment::set(const char* name, const std::string& value) {
  remember(name);
  ::setenv(name, value.c_str(), 1);
}

void CleanEnvironment::unset(const char* name) {
  remember(name);
  ::unsetenv(name);
}

WorkingDirectory::WorkingDirectory() : before_(std::filesystem::current_path().string()) {
  std::string name = (std::filesystem::temp_directory_path() / "sabot-launcher-XXXXXX").string();
  check(::mkdtemp(name.data()) != nullptr ? 0 : -1, "mkdtemp", name);
  path_ = std::filesystem::canonical(name).string();
  std::filesystem::current_path(path_);
}

WorkingDirectory::~WorkingDirectory() {
  std::error_code ignored;
  std::filesystem::current_path(before_, ignored);
  std::filesystem::remove_all(path_, ignored);
}

void WorkingDirectory::file(const std::string& name, std::string_view content) const {
  std::ofstream(path_ + "/" + name, std::ios::binary) << content;
}

Request::Request(std::initializer_list<std::pair<const char*, std::string>> strings)
    : storage_(kMessageBytes), writer_(storage_.data(), storage_.size(), MessageKind::request) {
  for (const auto& [name, value] : strings) writer_.add(name, value.c_str());
}

}  // namespace sabot::test
