// SPDX-License-Identifier: Apache-2.0
// image_tools.cc: `sabot image verify|export|extract`: what reads all of an image. sabot-import does it, for
// it has the libraries; sabot becomes that program. Not here: the doing (image_tool.cc).
#include <fcntl.h>
#include <unistd.h>

#include "commands.h"
#include "images/reference.h"
#include "programs.h"
#include "stores.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

[[noreturn]] void become_tool(std::vector<std::string> words) {
  words.insert(words.begin(), libexec_program("sabot-import"));
  ::execv(words[0].c_str(), argv_of(words).data());
  throw Error(errno, "start " + words[0]);
}

// As the tool takes it: the path of a file, or STORE and DIGEST.
std::vector<std::string> image_words(const SiteConfig& site, const std::string& what) {
  const images::Reference found = images::locate(images::parse_reference(what), AT_FDCWD);
  if (found.kind == images::ReferenceKind::squashfs) return {"file=" + found.path};
  const StoredImage image = find_or_refuse(site, what);
  return {"store=" + image.store, "digest=" + image.record.digest};
}

int run_tool(const GlobalOptions& global, const std::string& verb, const ExportCommand& command) {
  std::vector<std::string> words = image_words(read_site_config(global.config_file), command.image);
  words.insert(words.begin(), verb);
  words.push_back("target=" + command.target);
  if (global.json) words.emplace_back("format=json");
  become_tool(words);
}

}  // namespace

int image_verify_command(const GlobalOptions& global, const std::vector<std::string>& images) {
  const SiteConfig site = read_site_config(global.config_file);
  std::vector<std::string> words{"verify"};
  if (global.json) words.emplace_back("format=json");
  for (const std::string& image : images)
    for (std::string& word : image_words(site, image)) words.push_back(std::move(word));
  const std::string own = store_path(site);
  if (images.empty()) words.push_back("store=" + own);
  become_tool(words);
}

int image_export_command(const GlobalOptions& global, const ExportCommand& command) {
  return run_tool(global, "export", command);
}

int image_extract_command(const GlobalOptions& global, const ExportCommand& command) {
  return run_tool(global, "extract", command);
}

}  // namespace sabot
