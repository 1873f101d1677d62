// SPDX-License-Identifier: Apache-2.0
// importer.h: sabot-import, the program that makes images of what is none yet: its job, and its answer.
// A program of its own because the libraries that read tars and hash take longer to load than a launch takes,
// and because it is the one that reads what strangers have written.
// Not here: the importing (images/import.h), the program's main() (import_main.cc).
#pragma once

#include <string>
#include <vector>

#include "images/import.h"
#include "images/pull_policy.h"
#include "request.h"

namespace sabot {

struct ImportJob {
  std::string store;   ///< its directory; made where it is not there
  std::string source;  ///< as the user wrote it; relative to the working directory
  std::string name;    ///< in the store; may be empty
  std::string title;   ///< of the progress bar; empty: none is drawn
  std::string config;  ///< site configuration, for what it says of registries
  images::ImportOptions options;
  images::PullPolicy pull = images::PullPolicy::fresh;  ///< of what a registry has
};

struct ImportAnswer {
  std::string digest;
  std::vector<std::string> notes;  ///< as ImportResult's, printable
};

/// Run sabot-import to its end; it draws its progress on our standard error, and dies with us.
/// Throws Refused with the program's own words where it fails.
ImportAnswer run_importer(const ImportJob& job);

/// What a launch asks for: its source into the store, without a name.
/// `config`  the site configuration
Importer importer_for_launch(const std::string& config);

/// The job as the program's arguments, and back. Throws UsageError for what encode does not write.
std::vector<std::string> encode_job(const ImportJob& job);
ImportJob decode_job(const std::vector<std::string>& arguments);

/// What the program writes to its standard output, by its exit code: the answer, or one line of text.
std::string encode_answer(const ImportAnswer& answer);
ImportAnswer decode_answer(const std::string& text);

}  // namespace sabot
