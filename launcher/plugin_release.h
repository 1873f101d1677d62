// SPDX-License-Identifier: Apache-2.0
// plugin_release.h: which Slurm a plugin was built for, read from its file.
#pragma once

#include <string>
#include <string_view>

namespace sabot {

/// The release in the symbol `plugin_version` of an ELF file's bytes, as in `22.05.8`. The file is read, not
/// loaded: its undefined symbols are slurmstepd's. Throws Refused for what is no such plugin. Pure.
std::string plugin_release_in(std::string_view elf);

/// The same of the file at `path`.
std::string plugin_release(const std::string& path);

}  // namespace sabot
