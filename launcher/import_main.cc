// SPDX-License-Identifier: Apache-2.0
// import_main.cc: main() of sabot-import: one image into the store, or one of it read again (image_tool.h).
// `sabot` starts it; see importer.h.
// The answer, or why there is none, goes to standard output; the progress bar to standard error.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

#include <filesystem>
#include <iostream>

#include "credential_helper.h"
#include "image_tool.h"
#include "images/reference.h"
#include "images/registry/pull.h"
#include "images/store.h"
#include "importer.h"
#include "progress_bar.h"
#include "site_config.h"
#include "sys/error.h"
#include "sys/raised_ids.h"

namespace sabot {
namespace {

ImportAnswer import(const ImportJob& job) {
  const SiteConfig site = read_site_config(job.config);
  const std::string& home = site.registry.default_registry;
  const images::Reference source =
      images::in_registry(images::locate(images::parse_reference(job.source, home), AT_FDCWD), home);
  std::filesystem::create_directories(std::filesystem::path(job.store).parent_path());
  images::Store store = images::open_store(job.store);
  images::ImportResult result;
  std::optional<ProgressBar> progress;
  if (!job.title.empty()) progress.emplace(job.title);
  images::Progress* told = progress ? &*progress : nullptr;
  const bool is_remote = source.kind == images::ReferenceKind::registry;
  const images::ImageRecord record =
      is_remote ? images::registry::pull(
                      store, {source, job.options, job.name, job.pull, site.registry, ask_credential_helper},
                      told, &result)
                : store.import(source, AT_FDCWD, job.options, job.name, told, &result);
  return {record.digest, result.notes};
}

// In sabot's place: it has become this program, so failures are said as it says them.
int run_as_sabot(const std::vector<std::string>& words) {
  int code = kExitRuntime;
  std::string why;
  try {
    return run_image_tool(words);
  } catch (const UsageError& e) {
    why = e.what();
    code = kExitUsage;
  } catch (const std::exception& e) {
    why = e.what();
  }
  std::cout << std::flush;
  std::cerr << "sabot: error: " << why << '\n';
  return code;
}

}  // namespace
}  // namespace sabot

int main(int argc, char** argv) {
  using namespace sabot;
  if (has_raised_ids()) {
    std::cout << kRaisedIds << std::flush;
    return kExitRuntime;
  }
  if (const std::vector<std::string> words(argv + 1, argv + argc); is_image_tool(words))
    return run_as_sabot(words);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody would hear the answer; the store reclaims what is half done
  try {
    std::cout << encode_answer(import(decode_job({argv + 1, argv + argc}))) << std::flush;
    return std::cout ? 0 : kExitRuntime;
  } catch (const UsageError& e) {
    std::cout << e.what() << std::flush;
    return kExitUsage;
  } catch (const std::exception& e) {
    std::cout << e.what() << std::flush;
    return kExitRuntime;
  }
}
