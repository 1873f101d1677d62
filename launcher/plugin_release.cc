// SPDX-License-Identifier: Apache-2.0
// plugin_release.cc: see plugin_release.h. Source: elf(5); Slurm's SLURM_VERSION_NUM, slurm/slurm_version.h.
#include "plugin_release.h"

#include <elf.h>
#include <fcntl.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

constexpr std::size_t kPluginBytes = 64 << 20;

template <class Struct>
Struct at(std::string_view bytes, std::uint64_t offset) {
  Struct value;
  if (offset > bytes.size() || bytes.size() - offset < sizeof value) throw Refused("it is cut short");
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

Elf64_Shdr section(std::string_view elf, const Elf64_Ehdr& head, std::uint64_t index) {
  if (index >= head.e_shnum) throw Refused("it has no such section");
  return at<Elf64_Shdr>(elf, head.e_shoff + index * sizeof(Elf64_Shdr));
}

bool is_named(std::string_view elf, std::uint64_t offset, std::string_view name) {
  return offset < elf.size() && elf.size() - offset > name.size() &&
         elf.substr(offset, name.size()) == name && elf[offset + name.size()] == '\0';
}

// Slurm's x.y.z: a byte each.
std::string release_text(std::uint32_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "%u.%02u.%u", number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff);
  return text;
}

}  // namespace

std::string plugin_release_in(std::string_view elf) {
  if (!elf.starts_with(ELFMAG)) throw Refused("it is no ELF file");
  const auto head = at<Elf64_Ehdr>(elf, 0);
  if (head.e_ident[EI_CLASS] != ELFCLASS64) throw Refused("it is no 64-bit ELF file");
  for (std::uint64_t i = 0; i < head.e_shnum; ++i) {
    const Elf64_Shdr table = section(elf, head, i);
    if (table.sh_type != SHT_DYNSYM) continue;
    const Elf64_Shdr names = section(elf, head, table.sh_link);
    for (std::uint64_t n = 0; n < table.sh_size / sizeof(Elf64_Sym); ++n) {
      const auto symbol = at<Elf64_Sym>(elf, table.sh_offset + n * sizeof(Elf64_Sym));
      if (symbol.st_shndx == SHN_UNDEF || !is_named(elf, names.sh_offset + symbol.st_name, "plugin_version"))
        continue;
      const Elf64_Shdr home = section(elf, head, symbol.st_shndx);
      return release_text(at<std::uint32_t>(elf, home.sh_offset + symbol.st_value - home.sh_addr));
    }
  }
  throw Refused("it has no plugin_version: it is no plugin of Slurm's");
}

std::string plugin_release(const std::string& path) {
  const Context doing{"plugin " + path};
  return plugin_release_in(read_file(AT_FDCWD, path, kPluginBytes));
}

}  // namespace sabot
