// SPDX-License-Identifier: Apache-2.0
// programs.cc: see programs.h.
#include "programs.h"

#include <filesystem>

namespace sabot {

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::string libexec_program(const std::string& name) {
  const std::filesystem::path self = own_program();
  return (self.parent_path() / SABOT_LIBEXEC_FROM_BIN / name).lexically_normal().string();
}

std::vector<char*> argv_of(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));  // execv(3) writes nothing
  argv.push_back(nullptr);
  return argv;
}

}  // namespace sabot
