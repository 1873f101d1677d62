// SPDX-License-Identifier: Apache-2.0
// aci_import.cc: see aci_import.h.
#include "images/aci_import.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "images/decompress.h"
#include "images/entry_name.h"
#include "images/store_folders.h"
#include "images/tar_reader.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

constexpr std::size_t kMaxImages = 1024;       // applied, each as often as it is depended on
constexpr std::size_t kMaxDepthOfImages = 64;  // of dependencies
constexpr std::size_t kMaxFilesBeside = 256;   // looked into for dependencies

std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }

void refuse_encrypted(std::span<const std::uint8_t> first) {
  const std::string_view text{reinterpret_cast<const char*>(first.data()), first.size()};
  const bool packet = !text.empty() && (text[0] == '\x8c' || text[0] == '\xc3');  // RFC 4880 5.3
  if (packet || text.starts_with("-----BEG"))
    throw Refused("an encrypted App Container image; decrypt it first, as with gpg --decrypt");
}

std::string read_manifest(TarReader& tar) {
  std::string text;
  std::uint64_t offset = 0;
  std::span<const std::uint8_t> bytes;
  while (tar.next_data(offset, bytes)) {
    if (bytes.size() > kAciManifestBytes - text.size()) throw Refused("a manifest larger than 1 MiB");
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return text;
}

/// The manifest may come last: an archive is read to its end for it.
std::string find_manifest(int fd) {
  std::uint8_t first[8];
  const ssize_t got = check(::pread(fd, first, sizeof first, 0), "read");
  const std::span<const std::uint8_t> begin{first, static_cast<std::size_t>(got)};
  refuse_encrypted(begin);
  FileSource file(fd);
  const std::unique_ptr<ByteSource> unpacked = decompress(file, packing_of(begin));
  TarReader tar(*unpacked);
  for (TarEntry entry; tar.next(entry);) {
    if (normalise_entry_name(entry.name) != "manifest") continue;
    if (entry.type != FileType::regular || entry.is_hard_link)
      throw Refused("'manifest' is not a regular file");
    return read_manifest(tar);
  }
  throw Refused("not an App Container image: it has no manifest");
}

bool suits(const AciManifest& manifest, const AciDependency& wanted) {
  return manifest.name == wanted.name &&
         std::all_of(wanted.labels.begin(), wanted.labels.end(), [&](const auto& label) {
           const auto found = manifest.labels.find(label.first);
           return found != manifest.labels.end() && found->second == label.second;
         });
}

void check_machine(const AciManifest& manifest, const Platform& machine) {
  const auto label = [&](const char* name) {
    const auto found = manifest.labels.find(name);
    return found == manifest.labels.end() ? std::string() : found->second;
  };
  const std::string os = label("os");
  const std::string arch = go_architecture(label("arch"));
  if (!os.empty() && os != "linux") throw Refused("an image for the system " + quoted(os));
  if (!arch.empty() && arch != machine.architecture)
    throw Refused("an image for " + printable(arch) + ", where " + machine.architecture + " is wanted");
}

void check_size(const AciFile& file, const AciDependency& wanted) {
  if (!wanted.size_bytes) return;
  struct stat st {};
  check(::fstat(file.fd.get(), &st), "fstat", printable(file.name));
  if (static_cast<std::uint64_t>(st.st_size) != *wanted.size_bytes)
    throw Refused("the dependency " + quoted(wanted.name) + " should have " +
                  std::to_string(*wanted.size_bytes) + " bytes, " + quoted(file.name) + " has " +
                  std::to_string(st.st_size));
}

}  // namespace

std::unique_ptr<AciFile> read_aci_file(UniqueFd fd, const std::string& name) {
  auto file = std::make_unique<AciFile>();
  file->name = name;
  file->text = find_manifest(fd.get());
  Context doing{"manifest"};
  file->manifest = parse_aci_manifest(file->text);
  file->fd = std::move(fd);
  return file;
}

AciImage::AciImage(UniqueFd fd, const std::string& name, int directory, const Platform& machine)
    : directory_(directory) {
  files_.push_back(read_aci_file(std::move(fd), name));
  top_ = files_.front().get();
  order(machine);
}

/// Depth first, as appc's rendering has it: for A -> [B, C], C -> [D] the order upwards is B, D, C, A; here
/// it is made downwards, which is how layers are read. An image that is reached twice is applied twice.
void AciImage::order(const Platform& machine) {
  struct Step {
    const AciFile* file;
    std::string image_id;
    std::vector<const AciFile*> above;
  };
  std::vector<Step> todo{{top_, "", {}}};
  while (!todo.empty()) {
    Step step = std::move(todo.back());
    todo.pop_back();
    if (applied_.size() >= kMaxImages) throw Refused("more than 1024 dependencies");
    if (step.above.size() >= kMaxDepthOfImages) throw Refused("dependencies more than 64 deep");
    if (std::find(step.above.begin(), step.above.end(), step.file) != step.above.end())
      throw Refused("the image " + quoted(step.file->manifest.name) + " depends on itself");
    Context doing{"image " + step.file->manifest.name};
    check_machine(step.file->manifest, machine);
    step.above.push_back(step.file);
    AciRules rules{step.file->text, {}};
    for (const AciFile* file : step.above) rules.whitelists.push_back(&file->manifest.whitelist);
    applied_.push_back({step.file, step.image_id, std::move(rules)});
    for (const AciDependency& wanted : step.file->manifest.dependencies) {
      const AciFile& found = find(wanted);
      check_size(found, wanted);
      todo.push_back({&found, wanted.image_id, step.above});
    }
  }
}

const AciFile& AciImage::find(const AciDependency& wanted) {
  read_directory();
  const AciFile* found = nullptr;
  for (const auto& file : files_) {
    if (!suits(file->manifest, wanted)) continue;
    if (found != nullptr)
      throw Refused("the dependency " + quoted(wanted.name) + " could be " + quoted(found->name) + " or " +
                    quoted(file->name));
    found = file.get();
  }
  if (found != nullptr) return *found;
  std::string labels;
  for (const auto& [name, value] : wanted.labels) labels += "," + printable(name) + "=" + printable(value);
  throw Refused("the dependency " + quoted(wanted.name) + labels +
                " is not there; put its .aci file beside the image's");
}

/// Files that are no image are passed over: nobody said they were.
void AciImage::read_directory() {
  if (std::exchange(directory_read_, true)) return;
  struct stat top {};
  check(::fstat(top_->fd.get(), &top), "fstat", printable(top_->name));
  for (const std::string& name : list_folder(directory_)) {
    if (!name.ends_with(".aci")) continue;
    UniqueFd fd{::openat(directory_, name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    struct stat st {};
    if (!fd.valid() || ::fstat(fd.get(), &st) == -1 || !S_ISREG(st.st_mode)) continue;
    if (st.st_dev == top.st_dev && st.st_ino == top.st_ino) continue;
    if (files_.size() > kMaxFilesBeside) throw Refused("more than 256 .aci files beside the image");
    try {
      files_.push_back(read_aci_file(std::move(fd), name));
    } catch (const Refused&) {
      continue;
    }
  }
}

std::vector<LayerBlob> AciImage::layers() const {
  std::vector<LayerBlob> layers;
  for (auto applied = applied_.rbegin(); applied != applied_.rend(); ++applied) {
    const int fd = applied->file->fd.get();
    layers.push_back({applied->file->name, "", "", applied->image_id, std::nullopt,
                      [fd] { return std::make_unique<FileSource>(fd); }, &applied->rules});
  }
  return layers;
}

}  // namespace sabot::images
