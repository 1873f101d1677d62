// SPDX-License-Identifier: Apache-2.0
// image.cc: `sabot image import|list|show|rm`: the user's image store, for people and, with --json, for
// programs.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "commands.h"
#include "images/squashfs_file.h"
#include "images/store.h"
#include "importer.h"
#include "json_text.h"
#include "mount_option.h"
#include "progress_bar.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string local_time(std::int64_t seconds) {
  const std::time_t when = seconds;
  std::tm parts{};
  ::localtime_r(&when, &parts);
  std::ostringstream text;
  text << std::put_time(&parts, "%Y-%m-%d %H:%M");
  return text.str();
}

std::string short_digest(const std::string& digest) { return digest.substr(7, 12); }

std::string record_json(const images::ImageRecord& record) {
  JsonObject object;
  object.add("digest", record.digest);
  object.add("size_bytes", record.size_bytes);
  object.add("stored_s", static_cast<std::uint64_t>(record.stored_s));
  object.add("names", record.names);
  return object.text();
}

// A store that nobody made yet is an empty one.
std::optional<images::Store> existing_store(const GlobalOptions& global) {
  const std::string path = store_path(read_site_config(global.config_file));
  if (::access(path.c_str(), F_OK) == -1 && errno == ENOENT) return std::nullopt;
  return images::open_existing_store(path);
}

images::ImageRecord find_or_refuse(const std::optional<images::Store>& store, const std::string& what) {
  std::optional<images::ImageRecord> record;
  if (store) record = store->find(what);
  if (!record)
    throw Refused("no image '" + printable(what) + "' in the store; `sabot image list` shows what is there");
  return *record;
}

// team/app.sqsh -> app; a name is asked for where this gives none that the store takes.
std::string default_name(const images::Reference& source) {
  if (source.kind == images::ReferenceKind::registry) {  // site:5000/team/app:1 -> app:1
    const images::registry::ImageName& name = source.registry;
    return name.repository.substr(name.repository.rfind('/') + 1) + (name.tag.empty() ? "" : ":" + name.tag);
  }
  std::string base =
      std::filesystem::path(normal_path(source.path, std::filesystem::current_path())).filename().string();
  base = base.substr(0, base.find(".tar"));
  for (const char* ending : {".sqsh", ".sqfs", ".squashfs", ".tgz"})
    if (base.ends_with(ending)) base.resize(base.size() - std::string_view(ending).size());
  return base;
}

}  // namespace

int image_import_command(const GlobalOptions& global, const ImportCommand& command) {
  const std::string path = store_path(read_site_config(global.config_file));
  const SiteConfig site = read_site_config(global.config_file);
  const std::string& home = site.registry.default_registry;
  const images::Reference source =
      images::in_registry(images::locate(images::parse_reference(command.source, home), AT_FDCWD), home);
  if (source.kind == images::ReferenceKind::name || source.kind == images::ReferenceKind::digest)
    throw Refused("'" + printable(command.source) + "' is no file or directory here");
  if (source.kind == images::ReferenceKind::squashfs && !command.shaped_by.empty())
    throw UsageError(command.shaped_by + " does not apply to '" + printable(command.source) +
                     "': a squashfs file is kept as it is");
  const std::string name = command.name.empty() ? default_name(source) : command.name;
  const std::string title = command.quiet ? "" : "import " + printable(name);
  const ImportAnswer answer =
      run_importer({path, command.source, name, title, global.config_file, command.options});
  for (const std::string& note : answer.notes) std::cerr << "sabot: note: " << note << '\n';
  const images::ImageRecord record = find_or_refuse(images::open_existing_store(path), answer.digest);
  if (global.json) {
    std::cout << record_json(record) << '\n';
  } else {
    std::cout << record.digest << "  " << printable(name) << "  " << human_bytes(record.size_bytes) << '\n';
  }
  return 0;
}

int image_list_command(const GlobalOptions& global) {
  const std::optional<images::Store> store = existing_store(global);
  const std::vector<images::ImageRecord> records = store ? store->list() : std::vector<images::ImageRecord>{};
  if (global.json) {
    std::vector<std::string> objects;
    objects.reserve(records.size());
    for (const images::ImageRecord& record : records) objects.push_back(record_json(record));
    std::cout << '[' << joined(objects, ",") << "]\n";
    return 0;
  }
  std::cout << std::left << std::setw(14) << "DIGEST" << std::setw(10) << "SIZE" << std::setw(18) << "STORED"
            << "NAMES\n";
  for (const images::ImageRecord& record : records)
    std::cout << std::setw(14) << short_digest(record.digest) << std::setw(10)
              << human_bytes(record.size_bytes) << std::setw(18) << local_time(record.stored_s)
              << printable(joined(record.names, ", ")) << '\n';
  return 0;
}

int image_show_command(const GlobalOptions& global, const std::string& what) {
  const images::Reference found = images::locate(images::parse_reference(what), AT_FDCWD);
  JsonObject object;
  UniqueFd image;
  if (found.kind == images::ReferenceKind::squashfs) {
    image = UniqueFd{check(::open(found.path.c_str(), O_RDONLY | O_CLOEXEC), "open", found.path)};
    object.add("path", found.path);
  } else {
    const std::optional<images::Store> store = existing_store(global);
    const images::ImageRecord record = find_or_refuse(store, what);
    image = store->open_image(record.digest);
    object.add("digest", record.digest);
    object.add("names", record.names);
  }
  const images::ImageInfo info = images::read_image_info(image.get());
  object.add("size_bytes", info.size_bytes);
  object.add("compression", info.compression);
  object.add("block_size", static_cast<std::uint64_t>(info.block_size));
  object.add("inodes", static_cast<std::uint64_t>(info.inode_count));
  object.add_json("config", images::to_json(images::read_launch_config(image.get())));
  std::cout << (global.json ? object.text() + "\n" : object.lines());
  return 0;
}

int image_remove_command(const GlobalOptions& global, const std::vector<std::string>& what) {
  std::optional<images::Store> store = existing_store(global);
  for (const std::string& one : what) {
    find_or_refuse(store, one);
    for (const std::string& digest : store->remove(one)) std::cout << digest << '\n';
  }
  return 0;
}

}  // namespace sabot
