// SPDX-License-Identifier: Apache-2.0
// support.h: what the image tests share: scratch directories, tars and OCI layouts made by hand, and
// unsquashfs (squashfs-tools, another implementation) to look at what came out.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "images/import.h"
#include "sys/unique_fd.h"

namespace sabot::images::test {

namespace fs = std::filesystem;

/// A directory that goes with the test.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  const fs::path& path() const { return path_; }
  fs::path operator/(std::string_view name) const { return path_ / name; }

 private:
  fs::path path_;
};

void write_text(const fs::path& path, std::string_view bytes);
std::string read_text(const fs::path& path);
/// Through sh(1); the exit status.
int run(const std::string& command);
/// Its standard output.
std::string output_of(const std::string& command);
std::string quote(const fs::path& path);
bool has_program(const std::string& name);

/// A ustar archive, entry by entry, with nothing checked: tests want to write wrong ones too.
class Tar {
 public:
  struct Meta {
    unsigned mode = 0644;
    unsigned uid = 0;
    unsigned gid = 0;
    std::int64_t mtime = 1000;
  };
  Tar& file(const std::string& name, std::string_view content, Meta meta);
  Tar& file(const std::string& name, std::string_view content) { return file(name, content, Meta{}); }
  Tar& directory(const std::string& name, unsigned mode = 0755);
  Tar& symlink(const std::string& name, const std::string& target);
  Tar& hard_link(const std::string& name, const std::string& target);
  Tar& node(const std::string& name, char type);
  /// Extended header records for the next entry.
  Tar& pax(const std::vector<std::pair<std::string, std::string>>& records);
  Tar& raw(std::string_view bytes);
  std::string bytes() const { return bytes_ + std::string(1024, '\0'); }
  std::string unfinished() const { return bytes_; }

 private:
  void header(const std::string& name, char type, std::uint64_t size, Meta meta, const std::string& link);
  void padded(std::string_view content);
  std::string bytes_;
};

/// An OCI layout directory under construction; every part can be lied about.
class Layout {
 public:
  explicit Layout(fs::path path);
  const fs::path& path() const { return path_; }
  /// Writes the blob; its digest. `stored` instead of the bytes, when the blob is to be wrong.
  std::string blob(std::string_view bytes);
  std::string blob_file(const std::string& digest) const;
  /// `packing`: "", gzip, zstd, xz
  Layout& layer(const std::string& tar, const std::string& packing = "gzip");
  Layout& layer_as(const std::string& tar, const std::string& blob_bytes, const std::string& media_type);
  /// Writes configuration, manifest, index.json. Its manifest's descriptor is returned.
  std::string finish(const std::string& config = "{}", const std::string& architecture = "amd64");
  std::string manifest(const std::string& config, const std::string& architecture);
  void index(const std::vector<std::string>& descriptors);

  std::vector<std::string> descriptors;  // of layers
  std::vector<std::string> diff_ids;

 private:
  fs::path path_;
};

std::string descriptor(const std::string& media_type, const std::string& digest, std::size_t size,
                       const std::string& more = "");
std::string pack(std::string_view bytes, const std::string& packing);

/// Import for amd64 into `out` with one line of notes each.
ImportResult import_to(const fs::path& source, const fs::path& out, ImportOptions options = {});
/// The same of a layout or tar in memory, into a scratch file.
struct Imported {
  Scratch scratch;
  fs::path image;
  ImportResult result;
  /// `ls -ln` style lines by name: "-rw-r--r-- 0/0 5 1970-01-01 00:16"
  std::map<std::string, std::string> listing() const;
  /// The image's tree, extracted.
  fs::path tree() const;
  std::string content(const std::string& name) const;
  bool has(const std::string& name) const { return listing().contains(name); }
  bool noted(std::string_view words) const;
};
std::unique_ptr<Imported> import_layers(const std::vector<std::string>& tars, ImportOptions options = {});
std::unique_ptr<Imported> import_tar(const std::string& tar, ImportOptions options = {});

}  // namespace sabot::images::test
