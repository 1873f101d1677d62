// SPDX-License-Identifier: Apache-2.0
// launch_config.cc: see launch_config.h. Not here: JSON itself (json.cc).
#include "images/launch_config.h"

#include "images/json.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

void refuse_bytes(const std::string& text, std::string_view bytes, const char* what) {
  if (text.find_first_of(bytes) != std::string::npos)
    throw Refused(std::string(what) + " '" + printable(text) + "' has a NUL or a newline in it");
}

constexpr std::string_view kNul{"\0", 1};
constexpr std::string_view kNulOrNewline{"\0\n\r", 3};

std::vector<std::string> usable_environment(std::vector<std::string> env) {
  std::vector<std::string> usable;
  for (std::string& entry : env) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    refuse_bytes(entry.substr(0, equals), kNulOrNewline, "the variable");
    refuse_bytes(entry, kNul, "the variable");
    usable.push_back(std::move(entry));
  }
  return usable;
}

std::vector<std::string> words(const JsonValue& config, std::string_view name) {
  std::vector<std::string> list = config.strings_at(name);
  for (const std::string& word : list) refuse_bytes(word, kNul, "the word");
  return list;
}

void append_list(std::string& out, const char* name, const std::vector<std::string>& list) {
  if (list.empty()) return;
  out += out.back() == '{' ? "\"" : ",\"";
  out += std::string(name) + "\":[";
  for (const std::string& item : list) {
    if (out.back() != '[') out += ',';
    append_json_string(out, item);
  }
  out += ']';
}

void append_text(std::string& out, const char* name, const std::string& text) {
  if (text.empty()) return;
  out += out.back() == '{' ? "\"" : ",\"";
  out += std::string(name) + "\":";
  append_json_string(out, text);
}

}  // namespace

LaunchConfig launch_config_from(const JsonValue& config) {
  LaunchConfig launch;
  launch.env = usable_environment(config.strings_at("Env"));
  launch.entrypoint = words(config, "Entrypoint");
  launch.cmd = words(config, "Cmd");
  launch.working_dir = config.string_at("WorkingDir");
  launch.user = config.string_at("User");
  refuse_bytes(launch.working_dir, kNulOrNewline, "the working directory");
  refuse_bytes(launch.user, kNulOrNewline, "the user");
  const JsonValue* labels = config.object_at("Labels");
  if (labels == nullptr) return launch;
  for (const auto& [name, value] : labels->members) {
    refuse_bytes(name, kNulOrNewline, "the label");
    launch.labels[name] = labels->string_at(name);
    refuse_bytes(launch.labels[name], kNul, "the label's value");
  }
  return launch;
}

LaunchConfig parse_launch_config(std::string_view json) {
  const JsonValue document = parse_json(json);
  if (document.kind != JsonValue::Kind::object)
    throw Refused("a launch configuration that is not a JSON object");
  return launch_config_from(document);
}

std::string to_json(const LaunchConfig& config) {
  std::string out = "{";
  append_text(out, "User", config.user);
  append_list(out, "Env", config.env);
  append_list(out, "Entrypoint", config.entrypoint);
  append_list(out, "Cmd", config.cmd);
  append_text(out, "WorkingDir", config.working_dir);
  if (!config.labels.empty()) {
    out += out.back() == '{' ? "\"Labels\":{" : ",\"Labels\":{";
    for (const auto& [name, value] : config.labels) {
      if (out.back() != '{') out += ',';
      append_json_string(out, name);
      out += ':';
      append_json_string(out, value);
    }
    out += '}';
  }
  return out + "}\n";
}

}  // namespace sabot::images
