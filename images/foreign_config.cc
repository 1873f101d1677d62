// SPDX-License-Identifier: Apache-2.0
// foreign_config.cc: see foreign_config.h. Not here: the words of shell scripts (shell_words.cc).
#include "images/foreign_config.h"

#include <algorithm>
#include <cctype>

#include "images/json.h"
#include "images/shell_words.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

constexpr std::size_t kMaxVariables = 4096;
constexpr const char* kRunscript = "/.singularity.d/runscript";
/// Of /.singularity.d/env: what the image's maker said. The others set what Apptainer itself needs.
constexpr const char* kScripts[] = {".singularity.d/env/10-docker2singularity.sh",
                                    ".singularity.d/env/90-environment.sh",
                                    ".singularity.d/env/91-environment.sh"};

/// The line's text up to its end; moves `rest` behind it.
std::string_view next_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The working directory of Enroot's `cd "DIR" && unset OLDPWD || exit 1`; none for any other line.
std::optional<std::string> enroot_workdir(std::string_view line) {
  constexpr std::string_view kBegin = "cd \"";
  constexpr std::string_view kEnd = "\" && unset OLDPWD || exit 1";
  if (!line.starts_with(kBegin) || !line.ends_with(kEnd)) return std::nullopt;
  line.remove_prefix(kBegin.size());
  return std::string(line.substr(0, line.size() - kEnd.size()));
}

bool is_name(std::string_view word) {
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !word.empty() && is_letter(word.front()) && std::all_of(word.begin(), word.end(), [&](char c) {
    return is_letter(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
}

void set_labels(LaunchConfig& config, const std::optional<std::string>& text) {
  if (!text) return;
  const JsonValue labels = parse_json(*text);
  if (labels.kind != JsonValue::Kind::object) return;
  for (const JsonMember& label : labels.members)
    if (label.value.kind == JsonValue::Kind::string) config.labels[label.name] = label.value.string;
}

LaunchConfig apptainer_config(const FileReader& read) {
  LaunchConfig config;
  std::vector<std::string> scripts;
  for (const char* path : kScripts)
    if (std::optional<std::string> script = read(path)) scripts.push_back(std::move(*script));
  config.env = variables_of_scripts(scripts);
  if (read(kRunscript + 1)) config.entrypoint = {kRunscript};
  try {
    set_labels(config, read(".singularity.d/labels.json"));
  } catch (const Refused&) {
    config.labels.clear();  // nothing is run by them
  }
  return config;
}

}  // namespace

std::optional<LaunchConfig> enroot_config(const std::string& rc, const std::string& environment) {
  LaunchConfig config;
  std::optional<std::string> workdir;
  for (std::string_view rest = rc; !rest.empty() && !workdir;) workdir = enroot_workdir(next_line(rest));
  if (!workdir) return std::nullopt;
  if (*workdir != "/") config.working_dir = *workdir;
  for (std::string_view rest = environment; !rest.empty();) {
    const std::string_view line = next_line(rest);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || !is_name(line.substr(0, equals)))
      continue;  // Enroot drops them too
    if (config.env.size() >= kMaxVariables) throw Refused("more than 4096 variables in /etc/environment");
    config.env.emplace_back(line);
  }
  config.entrypoint = {"/bin/sh", "/etc/rc"};
  return config;
}

std::vector<std::string> variables_of_scripts(const std::vector<std::string>& scripts) {
  ShellVariables variables;
  for (const std::string& script : scripts) {
    for (std::string_view rest = script; !rest.empty();) {
      read_assignments(next_line(rest), variables);
      if (variables.size() > kMaxVariables) throw Refused("more than 4096 variables in the image's scripts");
    }
  }
  std::vector<std::string> list;
  for (const auto& [name, value] : variables) {
    list.push_back(name);
    list.back().append("=").append(value);
  }
  return list;
}

LaunchConfig foreign_launch_config(const FileReader& read) {
  if (read(".singularity.d/env/90-environment.sh") || read(kRunscript + 1)) return apptainer_config(read);
  const std::optional<std::string> rc = read("etc/rc");
  if (!rc) return {};
  return enroot_config(*rc, read("etc/environment").value_or("")).value_or(LaunchConfig{});
}

}  // namespace sabot::images
