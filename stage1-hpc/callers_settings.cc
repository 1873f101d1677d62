// SPDX-License-Identifier: Apache-2.0
// callers_settings.cc: see callers_settings.h.
#include "callers_settings.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace sabot {
namespace {

constexpr char kLocales[] = "/usr/lib/locale";
constexpr std::size_t kNamesBytes = 1 << 20;  // of an archive; all of glibc's locales need 30 KiB

std::optional<NodeId> node_at(const ImageTree& tree, const std::string& path) {
  const std::optional<std::string> real = tree.resolve(path);
  if (!real) return std::nullopt;
  std::optional<NodeId> node = ImageTree::kRoot;
  for (std::size_t from = 1; node && from < real->size();) {
    const std::size_t to = std::min(real->find('/', from), real->size());
    node = tree.lookup(*node, std::string_view(*real).substr(from, to - from));
    from = to + 1;
  }
  return node;
}

// "en_US.UTF-8@euro" as archives and `localedef` name it: en_US.utf8@euro.
std::string normalized(const std::string& locale) {
  const std::size_t dot = locale.find('.');
  if (dot == locale.npos) return locale;
  const std::size_t at = std::min(locale.find('@', dot), locale.size());
  std::string codeset;
  for (std::size_t i = dot + 1; i < at; ++i)
    if (std::isalnum(static_cast<unsigned char>(locale[i])) != 0)
      codeset += static_cast<char>(std::tolower(static_cast<unsigned char>(locale[i])));
  return locale.substr(0, dot + 1) + codeset + locale.substr(at);
}

// The archive begins with a header of 32-bit words; the 7th and 8th say where the names are, each ended by
// NUL.
bool archive_has(const ImageTree& tree, const std::string& name) {
  const std::optional<NodeId> file = node_at(tree, std::string(kLocales) + "/locale-archive");
  if (!file) return false;
  std::uint32_t header[8] = {};
  const auto bytes = std::span<char>(reinterpret_cast<char*>(header), sizeof header);
  if (tree.read(*file, 0, bytes) != sizeof header || header[0] != 0xde020109) return false;
  std::string names(std::min<std::size_t>(header[6], kNamesBytes), '\0');
  names.resize(tree.read(*file, header[5], names));
  return names.starts_with(name + '\0') || names.find('\0' + name + '\0') != names.npos;
}

// glibc before 2.34 was installed as libc-2.NN.so, with a link of the usual name.
bool is_old_glibc(const ImageTree& tree) {
  for (const char* dir : {"/lib64", "/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib"}) {
    const std::optional<std::string> real = tree.resolve(std::string(dir) + "/libc.so.6");
    if (real) return real->find("/libc-2.") != real->npos;
  }
  return true;  // no glibc, nothing built in
}

bool is_musl(const ImageTree& tree) {
  for (const char* machine : {"x86_64", "aarch64", "riscv64", "powerpc64le"})
    if (tree.resolve(std::string("/lib/ld-musl-") + machine + ".so.1")) return true;
  return false;
}

bool is_there(const ImageTree& tree, const MountPlan& plan, const std::string& path) {
  if (tree.resolve(path)) return true;
  return std::any_of(plan.mounts.begin(), plan.mounts.end(), [&](const PlannedMount& planned) {
    return path.starts_with(planned.mount.target + "/") || path == planned.mount.target;
  });
}

}  // namespace

bool has_locale(const ImageTree& tree, const std::string& locale) {
  if (locale.empty() || locale == "C" || locale == "POSIX") return true;
  if (locale.front() == '/') return true;  // a file that the caller names
  try {
    if (is_musl(tree)) return true;
    const std::string name = normalized(locale);
    if (name == "C.utf8" && !is_old_glibc(tree)) return true;
    for (const std::string& directory : {locale, name})
      if (directory.find('/') == directory.npos &&
          tree.kind_of(std::string(kLocales) + "/" + directory) == ImageTree::Kind::directory)
        return true;
    return archive_has(tree, name);
  } catch (const std::exception&) {
    return true;
  }
}

CallersSettings judge_settings(const PodManifest& pod, const ImageTree& tree, const MountPlan& plan) {
  CallersSettings settings;
  for (const std::string& entry : pod.locales)
    if (!has_locale(tree, entry.substr(entry.find('=') + 1))) settings.unset.push_back(entry);
  if (pod.shell.empty()) return settings;
  if (is_there(tree, plan, pod.shell)) {
    settings.default_env.push_back("SHELL=" + pod.shell);
  } else {
    settings.unset.push_back("SHELL=" + pod.shell);
    settings.default_env.emplace_back("SHELL=/bin/sh");
  }
  return settings;
}

}  // namespace sabot
