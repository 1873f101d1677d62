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

}  // namespace sabot
