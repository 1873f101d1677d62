// SPDX-License-Identifier: Apache-2.0
// platform.cc: see platform.h.
#include "images/platform.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

struct Spelling {
  std::string_view kernel;
  const char* go;
  const char* variant;
};
constexpr Spelling kSpellings[] = {
    {"x86_64", "amd64", ""}, {"aarch64", "arm64", "v8"}, {"ppc64le", "ppc64le", ""},
    {"s390x", "s390x", ""},  {"riscv64", "riscv64", ""}, {"loongarch64", "loong64", ""},
    {"i686", "386", ""},     {"armv7l", "arm", "v7"},    {"armv6l", "arm", "v6"},
};

std::string amd64_level() {
#if defined(__x86_64__)
  // x86-64 psABI, table 3.1; the features that came last with each level stand for it.
  const bool v2 = __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("popcnt") != 0;
  const bool v3 = v2 && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0 &&
                  __builtin_cpu_supports("fma") != 0;
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                  __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0;
  return v4 ? "v4" : v3 ? "v3" : v2 ? "v2" : "v1";
#else
  return "v1";
#endif
}

/// What no variant means: image-index.md for arm64, the tools' common use for arm.
int default_level(const std::string& architecture) {
  return architecture == "arm64" ? 8 : architecture == "arm" ? 7 : 1;
}

/// v3 -> 3; -1 where it is no such level.
int level_of(const Platform& platform) {
  const std::string& variant = platform.variant;
  if (variant.empty()) return default_level(platform.architecture);
  if (variant.size() != 2 || variant[0] != 'v' || std::isdigit(static_cast<unsigned char>(variant[1])) == 0)
    return -1;
  return variant[1] - '0';
}

bool has_levels(const std::string& architecture) {
  return architecture == "amd64" || architecture == "arm64" || architecture == "arm";
}

}  // namespace

Platform host_platform() {
  utsname name{};
  check(::uname(&name), "uname");
  for (const Spelling& spelling : kSpellings)
    if (spelling.kernel == name.machine) {
      const std::string go = spelling.go;
      return {go, go == "amd64" ? amd64_level() : spelling.variant};
    }
  return {name.machine, ""};
}

Platform parse_platform(const std::string& text) {
  if (text.empty()) return host_platform();
  if (text.starts_with("linux/")) return parse_platform(text.substr(6));
  const std::size_t slash = text.find('/');
  Platform platform{text.substr(0, slash), slash == std::string::npos ? "" : text.substr(slash + 1)};
  const auto is_word = [](const std::string& word) {
    return !word.empty() && word.size() <= 32 &&
           std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  };
  if (!is_word(platform.architecture) || (slash != std::string::npos && !is_word(platform.variant)))
    throw Refused("the architecture '" + printable(text.substr(0, 100)) +
                  "' is not of the form amd64, amd64/v3 or linux/amd64/v3");
  if (platform.variant.empty() && platform.architecture == host_platform().architecture)
    platform.variant = host_platform().variant;
  return platform;
}

int fitness(const Platform& machine, const Platform& offered) {
  if (machine.architecture != offered.architecture) return -1;
  if (!has_levels(machine.architecture)) return 0;
  const int level = level_of(offered);
  return level < 0 || level > level_of(machine) ? -1 : level;
}

}  // namespace sabot::images
