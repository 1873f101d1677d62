// SPDX-License-Identifier: Apache-2.0
// image_export.cc: see image_export.h.
#include "images/image_export.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "images/digest.h"
#include "images/image_walk.h"
#include "images/json.h"
#include "images/squashfs_file.h"
#include "images/tar_writer.h"
#include "sys/error.h"
#include "sys/files.h"
#include "sys/unique_fd.h"

namespace sabot::images {
namespace {

// The launch configuration has a place of its own in both forms; an import makes the file again.
bool is_our_own(const ImageEntry& entry) { return entry.path == kLaunchConfigPath || entry.path == ".sabot"; }

struct Blob {
  std::string digest;
  std::uint64_t size_bytes = 0;
};

// Everything written goes through the hash.
class HashedFile {
 public:
  explicit HashedFile(int fd) : fd_(fd) {}
  void write(std::span<const std::uint8_t> bytes) {
    hash_.update(bytes);
    size_bytes_ += bytes.size();
    write_all(fd_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  Blob end() {
    check(::fsync(fd_), "fsync");
    return {hash_.digest(), size_bytes_};
  }

 private:
  int fd_;
  Sha256 hash_;
  std::uint64_t size_bytes_ = 0;
};

UniqueFd create(int at, const std::string& name) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  return UniqueFd{check(::openat(at, name.c_str(), flags, 0644), "create", name)};
}

void write_entries(TarWriter& tar, int image) {
  walk_image(image, [&](const ImageEntry& entry, const ReadContent& content) {
    if (!is_our_own(entry)) tar.add(entry, content);
  });
  tar.finish();
}

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string json_strings(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? "," : "") + json(text);
  return out + "]";
}

std::string descriptor(const char* media_type, const Blob& blob) {
  return std::string("\"mediaType\":\"") + media_type + "\",\"digest\":\"" + blob.digest +
         "\",\"size\":" + std::to_string(blob.size_bytes);
}

std::string one_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// The directory that is being made, and what is in it: gone again unless it was finished.
class NewLayout {
 public:
  explicit NewLayout(const std::string& path) : path_(path) {
    check(::mkdir(path.c_str(), 0755), "mkdir", printable(path));
    root_ = open(AT_FDCWD, path);
    check(::mkdirat(root_.get(), "blobs", 0755), "mkdir", "blobs");
    check(::mkdirat(root_.get(), "blobs/sha256", 0755), "mkdir", "blobs/sha256");
    blobs_ = open(root_.get(), "blobs/sha256");
  }
  NewLayout(const NewLayout&) = delete;
  NewLayout& operator=(const NewLayout&) = delete;
  ~NewLayout() {
    if (finished_) return;
    for (const std::string& file : files_) ::unlinkat(root_.get(), file.c_str(), 0);
    for (const char* folder : {"blobs/sha256", "blobs"}) ::unlinkat(root_.get(), folder, AT_REMOVEDIR);
    ::rmdir(path_.c_str());
  }

  Blob add_layer(int image) {
    files_.emplace_back("blobs/sha256/layer");
    const UniqueFd fd = create(blobs_.get(), "layer");
    HashedFile file(fd.get());
    TarWriter tar([&](std::span<const std::uint8_t> bytes) { file.write(bytes); }, "");
    write_entries(tar, image);
    Blob layer = file.end();
    const std::string name = layer.digest.substr(7);
    files_.push_back("blobs/sha256/" + name);
    check(::renameat(blobs_.get(), "layer", blobs_.get(), name.c_str()), "rename", name);
    return layer;
  }

  Blob add_document(const std::string& text) {
    Blob blob{sha256_of(text), text.size()};
    write("blobs/sha256/" + blob.digest.substr(7), text);
    return blob;
  }

  void write(const std::string& name, const std::string& text) {
    files_.push_back(name);
    const UniqueFd fd = create(root_.get(), name);
    write_all(fd.get(), text);
    check(::fsync(fd.get()), "fsync", name);
  }

  void finish() {
    check(::fsync(blobs_.get()), "fsync", "blobs/sha256");
    check(::fsync(root_.get()), "fsync", printable(path_));
    finished_ = true;
  }

 private:
  static UniqueFd open(int at, const std::string& path) {
    return UniqueFd{
        check(::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), "open", path)};
  }

  std::string path_;
  UniqueFd root_;
  UniqueFd blobs_;
  std::vector<std::string> files_;
  bool finished_ = false;
};

std::string config_document(const ExportedImage& image, const Blob& layer) {
  return "{\"architecture\":" + json(image.architecture) +
         ",\"os\":\"linux\",\"config\":" + one_line(to_json(image.launch)) +
         ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" + json(layer.digest) +
         "]},\"history\":[{\"created_by\":\"sabot image export\"}]}";
}

// appc has names of its own for machines.
std::string appc_architecture(const std::string& architecture) {
  if (architecture == "arm64") return "aarch64";
  if (architecture == "386") return "i386";
  return architecture;
}

// AC Identifier: lower-case letters and digits, separated by single - . _ ~ /
std::string appc_name(const std::string& name) {
  std::string identifier;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool between = c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
    if (plain || lower != c)
      identifier += lower;
    else if (!identifier.empty() && identifier.find_last_not_of("-._~/") == identifier.size() - 1)
      identifier += between ? c : '-';
  }
  while (!identifier.empty() && identifier.find_last_of("-._~/") == identifier.size() - 1)
    identifier.pop_back();
  return identifier.empty() ? "image" : identifier;
}

std::string appc_environment(const std::vector<std::string>& env) {
  std::string out;
  for (const std::string& entry : env) {
    const std::size_t equals = entry.find('=');
    if (equals == entry.npos) continue;
    out += std::string(out.empty() ? "" : ",") + "{\"name\":" + json(entry.substr(0, equals)) +
           ",\"value\":" + json(entry.substr(equals + 1)) + "}";
  }
  return "[" + out + "]";
}

// USER or USER:GROUP; appc wants both. Where no group is said it is root's, as with an image without a user.
std::string appc_app(const LaunchConfig& launch) {
  std::vector<std::string> exec = launch.entrypoint;
  exec.insert(exec.end(), launch.cmd.begin(), launch.cmd.end());
  const std::size_t colon = launch.user.find(':');
  const std::string user = launch.user.empty() ? "0" : launch.user.substr(0, colon);
  const std::string group = colon == launch.user.npos ? "0" : launch.user.substr(colon + 1);
  std::string app = "{\"exec\":" + json_strings(exec) + ",\"user\":" + json(user) +
                    ",\"group\":" + json(group) + ",\"environment\":" + appc_environment(launch.env);
  if (!launch.working_dir.empty()) app += ",\"workingDirectory\":" + json(launch.working_dir);
  return app + "}";
}

std::string appc_manifest(const ExportedImage& image) {
  return "{\"acKind\":\"ImageManifest\",\"acVersion\":\"0.8.11\",\"name\":" + json(appc_name(image.name)) +
         ",\"labels\":[{\"name\":\"os\",\"value\":\"linux\"},{\"name\":\"arch\",\"value\":" +
         json(appc_architecture(image.architecture)) + "}],\"app\":" + appc_app(image.launch) + "}";
}

}  // namespace

std::string export_oci(const ExportedImage& image, const std::string& directory) {
  Context doing{"export to " + printable(directory)};
  NewLayout layout(directory);
  const Blob layer = layout.add_layer(image.fd);
  const Blob config = layout.add_document(config_document(image, layer));
  const Blob manifest = layout.add_document(
      "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{" +
      descriptor("application/vnd.oci.image.config.v1+json", config) + "},\"layers\":[{" +
      descriptor("application/vnd.oci.image.layer.v1.tar", layer) + "}]}");
  layout.write("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
  const std::string named =
      image.name.empty()
          ? ""
          : ",\"annotations\":{\"org.opencontainers.image.ref.name\":" + json(image.name) + "}";
  layout.write("index.json", "{\"schemaVersion\":2,\"manifests\":[{" +
                                 descriptor("application/vnd.oci.image.manifest.v1+json", manifest) +
                                 ",\"platform\":{\"architecture\":" + json(image.architecture) +
                                 ",\"os\":\"linux\"}" + named + "}]}");
  layout.finish();
  return manifest.digest;
}

std::string export_aci(const ExportedImage& image, const std::string& file) {
  Context doing{"export to " + printable(file)};
  const UniqueFd fd = create(AT_FDCWD, file);
  try {
    HashedFile out(fd.get());
    TarWriter tar([&](std::span<const std::uint8_t> bytes) { out.write(bytes); }, "rootfs/");
    tar.add_file("manifest", appc_manifest(image));
    write_entries(tar, image.fd);
    return out.end().digest;
  } catch (...) {
    ::unlink(file.c_str());
    throw;
  }
}

}  // namespace sabot::images
