// SPDX-License-Identifier: Apache-2.0
// image.cc: `sabot fetch`, `sabot image import|list|show|cat-manifest|rm`: the image stores, for people and,
// with --json, for programs. Not here: collecting (image_gc.cc), reading images again (image_tools.cc).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "commands.h"
#include "images/squashfs_file.h"
#include "images/store.h"
#include "images/store_sources.h"
#include "importer.h"
#include "json_text.h"
#include "mount_option.h"
#include "progress_bar.h"
#include "stores.h"
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

std::string record_json(const StoredImage& image) {
  const images::ImageRecord& record = image.record;
  JsonObject object;
  object.add("digest", record.digest);
  object.add("store", image.store);
  object.add("size_bytes", record.size_bytes);
  object.add("stored_s", static_cast<std::uint64_t>(record.stored_s));
  object.add("names", record.names);
  return object.text();
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

Refused no_image(const std::string& what) {
  return Refused("no image '" + printable(what) + "' in the store; `sabot image list` shows what is there");
}

images::ImageRecord record_in(const SiteConfig& site, const std::string& store, const std::string& what) {
  std::optional<images::ImageRecord> record = open_to_read(site, store).find(what);
  if (!record) throw no_image(what);
  return *record;
}

std::string json_list(const std::vector<std::string>& objects) { return "[" + joined(objects, ",") + "]"; }

void add_source(JsonObject& object, const images::Store& store, const std::string& digest) {
  const std::optional<images::SourceRecord> source = images::read_source(store, digest);
  if (!source) return;
  object.add("source", source->reference);
  if (!source->manifest_digest.empty()) object.add("source_digest", source->manifest_digest);
}

StoredImage fetch(const SiteConfig& site, const std::string& config_file, const std::string& reference,
                  const FetchCommand& command) {
  const std::string& home = site.registry.default_registry;
  const images::Reference source = images::locate(images::parse_reference(reference, home), AT_FDCWD);
  if (source.kind == images::ReferenceKind::name || source.kind == images::ReferenceKind::digest) {
    std::optional<StoredImage> image = find_stored(site, reference);
    if (image) return *image;
    if (images::in_registry(source, home).kind != images::ReferenceKind::registry)
      return find_or_refuse(site, reference);
  }
  const std::string path = store_path(site);
  const std::string title = command.quiet ? "" : "fetch " + printable(reference);
  const ImportAnswer answer =
      run_importer({path, reference, "", title, config_file, command.options, command.pull});
  for (const std::string& note : answer.notes) std::cerr << "sabot: note: " << note << '\n';
  return {path, record_in(site, path, answer.digest)};
}

}  // namespace

int image_import_command(const GlobalOptions& global, const ImportCommand& command) {
  const SiteConfig site = read_site_config(global.config_file);
  const std::string path = store_path(site);
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
  const StoredImage image{path, record_in(site, path, answer.digest)};
  if (global.json) {
    std::cout << record_json(image) << '\n';
  } else {
    std::cout << image.record.digest << "  " << printable(name) << "  "
              << human_bytes(image.record.size_bytes) << '\n';
  }
  return 0;
}

int fetch_command(const GlobalOptions& global, const FetchCommand& command) {
  const SiteConfig site = read_site_config(global.config_file);
  std::vector<std::string> objects;
  for (const std::string& reference : command.references) {
    const StoredImage image = fetch(site, global.config_file, reference, command);
    if (global.json) {
      JsonObject object;
      object.add("reference", reference);
      object.add_json("image", record_json(image));
      objects.push_back(object.text());
    } else {
      std::cout << image.record.digest << "  " << printable(reference) << std::endl;
    }
  }
  if (global.json) std::cout << json_list(objects) << '\n';
  return 0;
}

int image_list_command(const GlobalOptions& global) {
  const SiteConfig site = read_site_config(global.config_file);
  std::vector<StoredImage> images;
  for (const std::string& path : existing_stores(site))
    for (images::ImageRecord& record : open_to_read(site, path).list())
      images.push_back({path, std::move(record)});
  if (global.json) {
    std::vector<std::string> objects;
    objects.reserve(images.size());
    for (const StoredImage& image : images) objects.push_back(record_json(image));
    std::cout << json_list(objects) << '\n';
    return 0;
  }
  std::cout << std::left << std::setw(14) << "DIGEST" << std::setw(10) << "SIZE" << std::setw(18) << "STORED"
            << "NAMES\n";
  for (const auto& [path, record] : images)
    std::cout << std::setw(14) << short_digest(record.digest) << std::setw(10)
              << human_bytes(record.size_bytes) << std::setw(18) << local_time(record.stored_s)
              << printable(joined(record.names, ", ")) << '\n';
  return 0;
}

int image_show_command(const GlobalOptions& global, const std::string& what) {
  const SiteConfig site = read_site_config(global.config_file);
  const images::Reference found = images::locate(images::parse_reference(what), AT_FDCWD);
  JsonObject object;
  UniqueFd image;
  if (found.kind == images::ReferenceKind::squashfs) {
    image = UniqueFd{check(::open(found.path.c_str(), O_RDONLY | O_CLOEXEC), "open", found.path)};
    object.add("path", found.path);
  } else {
    const StoredImage stored = find_or_refuse(site, what);
    const images::Store store = open_to_read(site, stored.store);
    image = store.open_image(stored.record.digest);
    object.add("digest", stored.record.digest);
    object.add("names", stored.record.names);
    object.add("store", stored.store);
    add_source(object, store, stored.record.digest);
  }
  struct stat st {};
  check(::fstat(image.get(), &st), "fstat", what);
  const images::ImageInfo info = images::read_image_info(image.get());
  object.add("size_bytes", static_cast<std::uint64_t>(st.st_size));  // of the file, as in list
  object.add("used_bytes", info.size_bytes);
  object.add("compression", info.compression);
  object.add("block_size", static_cast<std::uint64_t>(info.block_size));
  object.add("inodes", static_cast<std::uint64_t>(info.inode_count));
  object.add_json("config", images::to_json(images::read_launch_config(image.get())));
  std::cout << (global.json ? object.text() + "\n" : object.lines());
  return 0;
}

int image_cat_manifest_command(const GlobalOptions& global, const std::string& what) {
  const SiteConfig site = read_site_config(global.config_file);
  const StoredImage stored = find_or_refuse(site, what);
  const auto source = images::read_source(open_to_read(site, stored.store), stored.record.digest);
  if (!source || source->manifest.empty())
    throw Refused("the image '" + printable(what) + "' was not made of one that has a manifest");
  if (!global.json) {
    std::cout << source->manifest << (source->manifest.ends_with('\n') ? "" : "\n");
    return 0;
  }
  JsonObject object;
  object.add("digest", source->manifest_digest);
  object.add("reference", source->reference);
  object.add_json("manifest", source->manifest);
  if (!source->config.empty()) object.add_json("config", source->config);
  std::cout << object.text() << '\n';
  return 0;
}

int image_remove_command(const GlobalOptions& global, const RemoveCommand& command) {
  const SiteConfig site = read_site_config(global.config_file);
  const std::string path = store_path(site);
  std::vector<std::string> gone;
  for (const std::string& one : command.images) {
    if (::access(path.c_str(), F_OK) == -1) throw no_image(one);
    record_in(site, path, one);
    images::Store store = images::open_existing_store(path);
    for (const std::string& digest : store.remove(one, command.force)) gone.push_back(digest);
  }
  if (global.json) {
    JsonObject object;
    object.add("removed", gone);
    std::cout << object.text() << '\n';
    return 0;
  }
  for (const std::string& digest : gone) std::cout << digest << '\n';
  return 0;
}

}  // namespace sabot
