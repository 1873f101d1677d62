// SPDX-License-Identifier: Apache-2.0
// check_slurm.cc: see check_slurm.h.
#include "check_slurm.h"

#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "child_output.h"
#include "plugin_release.h"
#include "slurm_conf.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

namespace fs = std::filesystem;
constexpr char kPluginFile[] = "spank_sabot.so";
// Where distributions and Slurm's own `make install` put plugins, if slurm.conf names no PluginDir.
constexpr const char* kPluginDirs[] = {"/usr/lib64/slurm", "/usr/lib/slurm",
                                       "/usr/lib/x86_64-linux-gnu/slurm-wlm",
                                       "/usr/lib/aarch64-linux-gnu/slurm-wlm", "/usr/local/lib/slurm"};

std::vector<std::string> files_of(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  return files;
}

void read_plugstack(const fs::path& file, unsigned depth, std::vector<PlugstackLine>& lines) {
  if (depth > 8) throw Refused(file.string() + " is included by itself");
  const Plugstack stack = parse_plugstack(read_file(AT_FDCWD, file.string(), kSlurmConfBytes));
  lines.insert(lines.end(), stack.lines.begin(), stack.lines.end());
  for (const std::string& pattern : stack.includes)  // a relative one is relative to the file that has it
    for (const std::string& included : files_of((file.parent_path() / pattern).string()))
      read_plugstack(included, depth + 1, lines);
}

// Empty where it is not found.
std::string plugin_path(const std::string& written, const std::string& plugin_dir) {
  if (written.front() == '/') return ::access(written.c_str(), F_OK) == 0 ? written : "";
  std::vector<std::string> dirs;
  std::istringstream stream{plugin_dir};
  for (std::string dir; std::getline(stream, dir, ':');) dirs.push_back(dir);
  if (dirs.empty()) dirs.assign(std::begin(kPluginDirs), std::end(kPluginDirs));
  for (std::string& path : dirs) {
    path.append("/").append(written);
    if (::access(path.c_str(), F_OK) == 0) return path;
  }
  return "";
}

// "slurm-wlm 22.05.8" -> "22.05.8". sinfo loads no plugin of spank, so it answers in any case.
std::string running_release(const std::string& slurm_conf) {
  std::vector<std::string> environment = environment_without({"SLURM_CONF="});
  environment.push_back("SLURM_CONF=" + slurm_conf);
  for (const auto& argv :
       {std::vector<std::string>{"sinfo", "--version"}, {"slurmd", "-V"}, {"/usr/sbin/slurmd", "-V"}}) {
    try {
      const ChildOutput said = run_child(argv, environment);
      const std::size_t space = said.output.find(' ');
      if (said.status == 0 && space != said.output.npos)
        return said.output.substr(space + 1, said.output.find('\n') - space - 1);
    } catch (const Error&) {  // not installed: the next one
    }
  }
  return "";
}

CheckStep check_release(const PlugstackLine& ours, const std::string& plugin_dir,
                        const std::string& slurm_conf) {
  const std::string path = plugin_path(ours.plugin, plugin_dir);
  if (path.empty())
    return {"", ours.required ? CheckResult::failed : CheckResult::warning,
            ours.plugin + " is not " + (ours.plugin.front() == '/' ? "there" : "in PluginDir"),
            "install spank_sabot.so, or write its whole path into plugstack.conf"};
  return judge_release(plugin_release(path), running_release(slurm_conf));
}

CheckStep check_oci_conf(const std::string& file, const std::optional<PlugstackLine>& ours) {
  if (::access(file.c_str(), F_OK) == -1) return {"", CheckResult::ok, file + " is not there", ""};
  const bool left_to_slurm = ours && std::find(ours->arguments.begin(), ours->arguments.end(),
                                               "container=no") != ours->arguments.end();
  if (left_to_slurm)
    return {"", CheckResult::ok, "--container is Slurm's own, --container-image Sabot's", ""};
  return {
      "", CheckResult::warning, file + ": Slurm starts an OCI runtime for srun --container",
      "write container=no behind spank_sabot.so in plugstack.conf and let users name --container-image; or "
      "remove oci.conf"};
}

// What the line in plugstack.conf names is there.
CheckStep check_arguments(const PlugstackLine& ours) {
  for (const std::string& argument : ours.arguments) {
    const bool libexec = argument.starts_with("libexec=");
    if (!libexec && !argument.starts_with("config=")) continue;
    const std::string path = argument.substr(argument.find('=') + 1) + (libexec ? "/sabot-stage1" : "");
    if (::access(path.c_str(), libexec ? X_OK : R_OK) == -1)
      throw Error(errno, printable(argument) + ": " + printable(path));
  }
  return {"", CheckResult::ok, "what the line names is there", ""};
}

template <class Try>
void add(std::vector<CheckStep>& steps, const char* name, const char* remedy, Try&& attempt) {
  try {
    steps.push_back(attempt());
    steps.back().step = name;
  } catch (const std::exception& e) {
    steps.push_back({name, CheckResult::failed, e.what(), remedy});
  }
}

}  // namespace

Plugstack parse_plugstack(const std::string& text) {
  Plugstack stack;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> words = slurm_words(line);
    if (words.size() < 2) continue;
    if (words[0] == "include") stack.includes.push_back(words[1]);
    if (words[0] == "required" || words[0] == "optional")
      stack.lines.push_back({words[0] == "required", words[1], {words.begin() + 2, words.end()}});
  }
  return stack;
}

CheckStep judge_plugstack(const std::vector<PlugstackLine>& lines, const std::string& file,
                          std::optional<PlugstackLine>& ours) {
  const auto named = [&](const char* name) {
    return std::find_if(lines.begin(), lines.end(), [&](const PlugstackLine& line) {
      return fs::path(line.plugin).filename().string().find(name) != std::string::npos;
    });
  };
  const auto line = named("spank_sabot");
  if (line == lines.end())
    return {"", CheckResult::failed, file + " does not name " + kPluginFile,
            "add the line `required spank_sabot.so` on every node and submitting host; without it srun "
            "--container runs on the host"};
  ours = *line;
  if (!line->required)
    return {"", CheckResult::warning, file + ": optional " + line->plugin,
            "write required: where an optional plugin cannot be loaded, ranks run on the host"};
  if (const auto pyxis = named("pyxis"); pyxis != lines.end())
    return {"", CheckResult::warning, file + " names " + pyxis->plugin + " as well",
            "remove one: both register --container-image, and the first has it"};
  return {"", CheckResult::ok, "required in " + file, ""};
}

CheckStep judge_release(const std::string& plugin, const std::string& running) {
  if (running.empty())
    return {"", CheckResult::warning,
            "built for Slurm " + plugin + "; neither sinfo nor slurmd says which one runs",
            "compare it with `scontrol --version` on a node of the cluster"};
  const auto release = [](const std::string& text) {
    return text.substr(0, text.find('.', text.find('.') + 1));
  };
  if (release(plugin) == release(running))
    return {"", CheckResult::ok, "built for Slurm " + plugin + ", and " + running + " runs", ""};
  return {"", CheckResult::failed, "built for Slurm " + plugin + ", but " + running + " runs",
          "build the plugin for it: spank_sabot(8), REQUIREMENTS"};
}

std::vector<CheckStep> check_slurm(const std::string& slurm_conf) {
  if (slurm_conf.empty()) return {{"Slurm", CheckResult::ok, "no slurm.conf here: `sabot run` alone", ""}};
  std::vector<CheckStep> steps;
  std::string text;
  add(steps, "Slurm", "let users read it, or correct SLURM_CONF", [&] {
    text = read_file(AT_FDCWD, slurm_conf, kSlurmConfBytes);
    return CheckStep{"", CheckResult::ok, slurm_conf, ""};
  });
  if (would_fail(steps)) return steps;
  const fs::path beside = fs::path(slurm_conf).parent_path();
  const std::string named = slurm_setting(text, "PlugStackConfig");
  const std::string stack = named.empty() ? (beside / "plugstack.conf").string() : named;
  std::optional<PlugstackLine> ours;
  add(steps, "Slurm plugin", "add the line `required spank_sabot.so` to it, and let users read it", [&] {
    std::vector<PlugstackLine> lines;
    read_plugstack(stack, 0, lines);
    return judge_plugstack(lines, stack, ours);
  });
  if (ours) {
    add(steps, "plugin's arguments", "correct the line in plugstack.conf",
        [&] { return check_arguments(*ours); });
    add(steps, "plugin's release", "install the plugin of this release of Sabot",
        [&] { return check_release(*ours, slurm_setting(text, "PluginDir"), slurm_conf); });
  }
  add(steps, "oci.conf", "", [&] { return check_oci_conf((beside / "oci.conf").string(), ours); });
  return steps;
}

}  // namespace sabot
