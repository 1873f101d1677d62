// SPDX-License-Identifier: Apache-2.0
// import.cc: one source of any kind into one squashfs file: which reader, and the launch configuration. See
// import.h.
#include "images/import.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "images/aci_import.h"
#include "images/archive_index.h"
#include "images/directory_import.h"
#include "images/docker_archive.h"
#include "images/image_choice.h"
#include "images/oci_archive.h"
#include "images/oci_import.h"
#include "images/oci_layout.h"
#include "images/packed_tar.h"
#include "images/squashfs_file.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

UniqueFd open_source(int dir_fd, const std::string& path, int flags) {
  return UniqueFd{
      check(::openat(dir_fd, path.c_str(), O_RDONLY | O_CLOEXEC | flags), "open", printable(path))};
}

std::uint64_t size_of(int fd) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat");
  return static_cast<std::uint64_t>(st.st_size);
}

/// The one the source has, when it is a plain file at its plain place; else null, and it is replaced.
const std::string* kept_config(Collected& collected) {
  const Node* node = collected.tree.find(kLaunchConfigPath);
  if (node == nullptr) return nullptr;
  const auto kept = collected.kept_configs.find(node->inode);
  if (kept != collected.kept_configs.end()) return &kept->second;
  collected.notes.add(std::string("'") + kLaunchConfigPath +
                      "' in the source is not a launch configuration; replaced");
  return nullptr;
}

void write_config(Collected& collected, SquashfsWriter& writer, const LaunchConfig& launch) {
  const std::string json = to_json(launch);
  Inode* inode = collected.tree.new_inode();
  inode->mode = 0444;
  inode->layer = kOwnLayer;
  inode->size_bytes = json.size();
  inode->data = writer.begin_file();
  writer.append({reinterpret_cast<const std::uint8_t*>(json.data()), json.size()});
  writer.end_file();
  collected.tree.force(kLaunchConfigPath, inode);
}

/// `launch`  what the source or the user says, or nothing: then the one in the tree stays
LaunchConfig settle_config(Collected& collected, SquashfsWriter& writer,
                           const std::optional<LaunchConfig>& launch) {
  if (!launch) {
    if (const std::string* kept = kept_config(collected)) {
      Context doing{std::string("read '") + kLaunchConfigPath + "' of the source"};
      return parse_launch_config(*kept);
    }
  }
  LaunchConfig settled = launch.value_or(LaunchConfig{});
  write_config(collected, writer, settled);
  return settled;
}

ImportResult finish(Collected& collected, SquashfsWriter& writer, const std::optional<LaunchConfig>& launch) {
  ImportResult result;
  result.launch = settle_config(collected, writer, launch);
  const SquashfsWriter::Written written = writer.finish(collected.tree.root());
  result.size_bytes = written.size_bytes;
  result.inode_count = written.inode_count;
  result.notes = collected.notes.take();
  return result;
}

ImportResult import_directory(int root, const ImportOptions& options, int out_fd, Progress* progress) {
  Collected collected;
  SquashfsWriter writer(out_fd, options);
  if (progress != nullptr) progress->total(0);
  const auto entries = read_directory(root, out_fd, options.max_layer_bytes, collected, writer, progress);
  collected.tree.apply(entries, 0, collected.notes);
  return finish(collected, writer, options.launch);
}

ImportResult import_rootfs_tar(int fd, const ImportOptions& options, int out_fd, Progress* progress) {
  Collected collected;
  SquashfsWriter writer(out_fd, options);
  if (progress != nullptr) progress->total(size_of(fd));
  PackedTarRules packed;
  packed.max_bytes = options.max_layer_bytes;
  PackedTar tar(std::make_unique<FileSource>(fd), packed, progress);
  const LayerRules rules{0, false, options.max_layer_bytes, nullptr, nullptr};
  const auto entries = read_layer(tar, rules, collected, writer);
  collected.tree.apply(entries, 0, collected.notes);
  return finish(collected, writer, options.launch);
}

ImportResult import_all(const std::vector<LayerBlob>& layers, const LaunchConfig& launch,
                        const ImportOptions& options, int out_fd, Progress* progress) {
  Collected collected;
  SquashfsWriter writer(out_fd, options);
  import_layers(layers, options.max_layer_bytes, collected, writer, progress);
  return finish(collected, writer, options.launch.value_or(launch));
}

ImportResult import_chosen(Blobs& blobs, const Chosen& image, const ImportOptions& options, int out_fd,
                           Progress* progress) {
  ImportResult result = import_all(layers_of(blobs, image), image.config.launch, options, out_fd, progress);
  result.source_digest = image.descriptor.digest;
  result.manifest = image.manifest_text;
  result.config = image.config_text;
  return result;
}

ImportResult import_oci(Blobs& blobs, std::vector<Descriptor> index, const std::string& selector,
                        const ImportOptions& options, int out_fd, Progress* progress) {
  const Chosen image =
      choose_image(blobs, select_by_name(std::move(index), selector), parse_platform(options.architecture));
  return import_chosen(blobs, image, options, out_fd, progress);
}

ImportResult import_oci_archive(int fd, const std::string& selector, const ImportOptions& options, int out_fd,
                                Progress* progress) {
  const ArchiveIndex archive(fd);
  OciArchive blobs(archive);
  return import_oci(blobs, blobs.index(), selector, options, out_fd, progress);
}

ImportResult import_docker_archive(int fd, const std::string& selector, const ImportOptions& options,
                                   int out_fd, Progress* progress) {
  const ArchiveIndex archive(fd);
  const DockerImage image = read_docker_archive(archive, selector, parse_platform(options.architecture));
  ImportResult result = import_all(image.layers, image.launch, options, out_fd, progress);
  result.source_digest = image.image_id;
  result.notes.insert(result.notes.end(), image.notes.begin(), image.notes.end());
  return result;
}

ImportResult import_aci(UniqueFd fd, const Reference& source, int dir_fd, const ImportOptions& options,
                        int out_fd, Progress* progress) {
  const std::string parent = std::filesystem::path(source.path).parent_path().string();
  const UniqueFd directory = open_source(dir_fd, parent.empty() ? "." : parent, O_DIRECTORY);
  // A detached signature (FILE.asc) is to be checked here, over the bytes of fd, before any of them is
  // parsed.
  const AciImage image(std::move(fd), source.path, directory.get(), parse_platform(options.architecture));
  ImportResult result = import_all(image.layers(), image.launch(), options, out_fd, progress);
  result.notes.insert(result.notes.end(), image.notes().begin(), image.notes().end());
  return result;
}

ImportResult import_archive(const Reference& source, int dir_fd, const ImportOptions& options, int out_fd,
                            Progress* progress) {
  UniqueFd file = open_source(dir_fd, source.path, O_NONBLOCK);
  const int fd = file.get();
  if (size_of(fd) == 0)
    throw Refused("an empty file");  // an empty layer is legal, an empty image file a mistake
  ArchiveKind kind = ArchiveKind::rootfs;
  if (source.kind == ReferenceKind::archive) kind = archive_kind(fd);
  if (source.kind == ReferenceKind::oci_archive || kind == ArchiveKind::oci)
    return import_oci_archive(fd, source.selector, options, out_fd, progress);
  if (source.kind == ReferenceKind::docker_archive || kind == ArchiveKind::docker)
    return import_docker_archive(fd, source.selector, options, out_fd, progress);
  if (source.kind == ReferenceKind::aci || kind == ArchiveKind::aci)
    return import_aci(std::move(file), source, dir_fd, options, out_fd, progress);
  return import_rootfs_tar(fd, options, out_fd, progress);
}

void copy_piece(int from, FilePiece piece, int to, Progress* progress) {
  FileSource file(from, FileSource::Piece{piece.offset, piece.bytes});
  SizedSource source(file, piece.bytes);
  std::vector<std::uint8_t> block(std::size_t{1} << 20);
  for (std::size_t got = 0; (got = source.read(block)) > 0;) {
    write_all(to, {reinterpret_cast<const char*>(block.data()), got});
    if (progress != nullptr) progress->advance(got);
  }
}

/// A squashfs file is an image already; its bytes, and so its digest, stay as they are.
ImportResult import_squashfs(int fd, const ImportOptions& options, int out_fd, Progress* progress) {
  if (options.launch)
    throw Refused(
        "a squashfs image is kept as it is: its launch configuration cannot be changed by importing it");
  const FilePiece piece = squashfs_place(fd);  // of a SIF, the partition is what runs
  if (progress != nullptr) progress->total(piece.bytes);
  copy_piece(fd, piece, out_fd, progress);
  const ImageInfo info = read_image_info(out_fd);  // of the copy: nobody changes that one
  ImportResult result;
  result.launch = read_launch_config(out_fd);
  result.size_bytes = size_of(out_fd);
  result.inode_count = info.inode_count;
  return result;
}

}  // namespace

ImportResult import_image(const Reference& source, int dir_fd, const ImportOptions& options, int out_fd,
                          Progress* progress) {
  Context doing{"import " + printable(source.text)};
  switch (source.kind) {
    case ReferenceKind::rootfs_directory:
      return import_directory(open_source(dir_fd, source.path, O_DIRECTORY).get(), options, out_fd, progress);
    case ReferenceKind::oci_layout: {
      const UniqueFd root = open_source(dir_fd, source.path, O_DIRECTORY);
      OciLayout layout(root.get());
      return import_oci(layout, layout.index(), source.selector, options, out_fd, progress);
    }
    case ReferenceKind::archive:
    case ReferenceKind::oci_archive:
    case ReferenceKind::docker_archive:
    case ReferenceKind::aci:
      return import_archive(source, dir_fd, options, out_fd, progress);
    case ReferenceKind::squashfs:
      return import_squashfs(open_source(dir_fd, source.path, O_NONBLOCK).get(), options, out_fd, progress);
    case ReferenceKind::registry:
      if (options.blobs == nullptr || options.chosen == nullptr) throw Refused("no registry was asked");
      return import_chosen(*options.blobs, *options.chosen, options, out_fd, progress);
    default:
      throw Refused("names no source to import: a file, a directory or an OCI layout is needed");
  }
}

}  // namespace sabot::images
