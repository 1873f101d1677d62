// SPDX-License-Identifier: Apache-2.0
// slurm_conf.cc: see slurm_conf.h.
#include "slurm_conf.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

// A launch reads the file of a large cluster, of which it needs one line that is hardly ever there.
bool mentions(const std::string& text, const char* word) {
  return ::strcasestr(text.c_str(), word) != nullptr;
}

std::string setting_in_files(const std::filesystem::path& file, const char* key, bool follow) {
  const std::string text = read_file(AT_FDCWD, file.string(), kSlurmConfBytes);
  if (mentions(text, key))
    if (std::string value = slurm_setting(text, key); !value.empty()) return value;
  if (!follow || !mentions(text, "include")) return "";
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> words = slurm_words(line);
    if (words.size() != 2 || ::strcasecmp(words[0].c_str(), "include") != 0) continue;
    std::string value = setting_in_files(file.parent_path() / words[1], key, false);
    if (!value.empty()) return value;
  }
  return "";
}

}  // namespace

std::string find_slurm_conf() {
  if (const char* named = std::getenv("SLURM_CONF"); named != nullptr && *named != '\0') return named;
  for (const char* file : {"/etc/slurm/slurm.conf", "/run/slurm/conf/slurm.conf"})
    if (::access(file, F_OK) == 0) return file;
  return "";
}

std::vector<std::string> slurm_words(const std::string& line) {
  std::istringstream stream{line.substr(0, line.find('#'))};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string slurm_setting(const std::string& text, const std::string& key) {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    for (const std::string& word : slurm_words(line)) {
      const std::size_t equals = word.find('=');
      if (equals == key.size() && ::strncasecmp(word.c_str(), key.c_str(), equals) == 0)
        return word.substr(equals + 1);
    }
  return "";
}

std::string task_prolog_of(const std::string& slurm_conf) {
  try {
    const std::string value = slurm_conf.empty() ? "" : setting_in_files(slurm_conf, "TaskProlog", true);
    return value.starts_with('/') ? value : "";
  } catch (const std::exception&) {
    return "";
  }
}

}  // namespace sabot
