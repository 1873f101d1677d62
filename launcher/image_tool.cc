// SPDX-License-Identifier: Apache-2.0
// image_tool.cc: see image_tool.h. Its words: a verb, then NAME=VALUE; store= goes before digest=.
#include "image_tool.h"

#include <fcntl.h>

#include <iostream>
#include <optional>

#include "images/extract.h"
#include "images/image_export.h"
#include "images/oci_documents.h"
#include "images/platform.h"
#include "images/squashfs_file.h"
#include "images/store.h"
#include "images/store_sources.h"
#include "images/store_verify.h"
#include "json_text.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

struct Subject {
  std::string store;
  std::string digest;  ///< empty: everything in the store
};

struct Task {
  std::string verb;
  std::vector<Subject> subjects;
  std::string file;
  std::string target;
  bool json = false;
};

Task read_task(const std::vector<std::string>& words) {
  Task task;
  task.verb = words.front();
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    const std::string name = words[i].substr(0, equals);
    const std::string value = equals == words[i].npos ? "" : words[i].substr(equals + 1);
    if (name == "store")
      task.subjects.push_back({value, ""});
    else if (name == "digest" && !task.subjects.empty())
      task.subjects.back().digest = value;
    else if (name == "file")
      task.file = value;
    else if (name == "target")
      task.target = value;
    else if (name == "format")
      task.json = value == "json";
    else
      throw UsageError("sabot-import is an internal program; use sabot image");
  }
  return task;
}

// Whose store it may be was decided by who started us.
images::Store open_subject(const std::string& path) { return images::open_site_store(path); }

bool verify_one(const images::Store& store, const std::string& digest, bool json,
                std::vector<std::string>& objects) {
  const std::vector<std::string> wrong = images::verify_image(store, digest);
  JsonObject object;
  object.add("digest", digest);
  object.add("result", wrong.empty() ? "ok" : "damaged");
  object.add("differences", wrong);
  objects.push_back(object.text());
  if (!json) std::cout << (wrong.empty() ? "ok       " : "DAMAGED  ") << digest << '\n';
  if (!json)
    for (const std::string& one : wrong) std::cout << "  " << printable(one) << '\n';
  std::cout << std::flush;
  return wrong.empty();
}

// One that is removed meanwhile is no difference.
bool verify_all(const images::Store& store, bool json, std::vector<std::string>& objects) {
  bool good = true;
  for (const images::ImageRecord& record : store.list()) {
    try {
      good = verify_one(store, record.digest, json, objects) && good;
    } catch (const Error& e) {
      if (e.code().value() != ENOENT || store.find(record.digest)) throw;
    }
  }
  return good;
}

int verify(const Task& task) {
  if (!task.file.empty())
    throw UsageError("verify: '" + printable(task.file) + "' is a file, which has no digest to compare with");
  bool good = true;
  std::vector<std::string> objects;
  for (const Subject& subject : task.subjects) {
    const images::Store store = open_subject(subject.store);
    good = (subject.digest.empty() ? verify_all(store, task.json, objects)
                                   : verify_one(store, subject.digest, task.json, objects)) &&
           good;
  }
  if (task.json) {
    std::string list;
    for (const std::string& object : objects) list += (list.empty() ? "" : ",") + object;
    std::cout << '[' << list << "]\n";
  }
  return good ? 0 : 1;
}

struct Opened {
  UniqueFd fd;
  std::string name;
  std::string architecture = images::parse_platform("").architecture;
};

Opened open_image(const Task& task) {
  Opened opened;
  if (!task.file.empty()) {
    opened.fd =
        UniqueFd{check(::open(task.file.c_str(), O_RDONLY | O_CLOEXEC), "open", printable(task.file))};
    return opened;
  }
  const Subject& subject = task.subjects.at(0);
  const images::Store store = open_subject(subject.store);
  opened.fd = store.open_image(subject.digest);
  const auto record = store.find(subject.digest);
  if (record && !record->names.empty()) opened.name = record->names.front();
  const auto source = images::read_source(store, subject.digest);
  if (source && !source->config.empty() && source->config.find("diff_ids") != std::string::npos) {
    const std::string recorded = images::parse_image_config(source->config).architecture;
    if (!recorded.empty()) opened.architecture = recorded;
  }
  return opened;
}

int export_image(const Task& task) {
  Opened opened = open_image(task);
  const images::ExportedImage image{opened.fd.get(), images::read_launch_config(opened.fd.get()),
                                    opened.architecture, opened.name};
  JsonObject object;
  if (task.target.starts_with("aci:")) {
    object.add("target", task.target);
    object.add("digest", images::export_aci(image, task.target.substr(4)));
  } else if (task.target.starts_with("oci:")) {
    const std::string target = task.target.substr(4);
    const std::size_t colon = target.find(':');
    images::ExportedImage named = image;
    if (colon != target.npos) named.name = target.substr(colon + 1);
    if (colon == target.npos && named.name.find(':') != std::string::npos)
      named.name = named.name.substr(named.name.find(':') + 1);
    object.add("target", task.target);
    object.add("digest", images::export_oci(named, target.substr(0, colon)));
  } else {
    throw UsageError("export: '" + printable(task.target) + "' is neither oci:DIR[:REF] nor aci:FILE");
  }
  std::cout << (task.json ? object.text() + "\n" : object.lines());
  return 0;
}

int extract(const Task& task) {
  const Opened opened = open_image(task);
  const images::Extracted done = images::extract_image(opened.fd.get(), task.target);
  JsonObject object;
  object.add("directory", task.target);
  object.add("entries", done.entries);
  object.add("passed_over", done.passed_over);
  object.add("lost_xattrs", done.lost_xattrs);
  if (task.json) std::cout << object.text() << '\n';
  if (!task.json && done.passed_over > 0)
    std::cerr << "sabot: note: " << done.passed_over << " devices and sockets were left out\n";
  if (!task.json && done.lost_xattrs > 0)
    std::cerr << "sabot: note: " << done.lost_xattrs << " extended attributes could not be kept\n";
  return 0;
}

}  // namespace

bool is_image_tool(const std::vector<std::string>& words) {
  return !words.empty() && (words[0] == "verify" || words[0] == "export" || words[0] == "extract");
}

int run_image_tool(const std::vector<std::string>& words) {
  const Task task = read_task(words);
  if (task.subjects.empty() && task.file.empty())
    throw UsageError("sabot-import is an internal program; use sabot image");
  const int code = task.verb == "verify"   ? verify(task)
                   : task.verb == "export" ? export_image(task)
                                           : extract(task);
  std::cout << std::flush;
  return std::cout ? code : kExitRuntime;
}

}  // namespace sabot
