// SPDX-License-Identifier: Apache-2.0
// support.cc: see support.h.
#include "support.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "images/digest.h"

namespace sabot::images::test {

Scratch::Scratch() {
  std::string name = (fs::temp_directory_path() / "sabot-images-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  run("chmod -R u+rwx " + quote(path_) + " 2>/dev/null");
  fs::remove_all(path_, ignored);
}

void write_text(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string read_text(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

int run(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

std::string output_of(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  char block[4096];
  for (std::size_t got = 0; (got = std::fread(block, 1, sizeof block, pipe)) > 0;) text.append(block, got);
  ::pclose(pipe);
  return text;
}

std::string quote(const fs::path& path) { return "'" + path.string() + "'"; }

bool has_program(const std::string& name) { return run("command -v " + name + " >/dev/null 2>&1") == 0; }

void Tar::padded(std::string_view content) {
  bytes_ += content;
  bytes_.append((512 - content.size() % 512) % 512, '\0');
}

void Tar::header(const std::string& name, char type, std::uint64_t size, Meta meta, const std::string& link) {
  std::string block(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { block.replace(at, text.size(), text); };
  const auto octal = [&](std::size_t at, int width, std::uint64_t value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%0*llo", width, static_cast<unsigned long long>(value));
    put(at, digits);
  };
  put(0, std::string_view(name).substr(0, 100));
  octal(100, 7, meta.mode);
  octal(108, 7, meta.uid);
  octal(116, 7, meta.gid);
  octal(124, 11, size);
  octal(136, 11, static_cast<std::uint64_t>(meta.mtime));
  put(148, "        ");
  block[156] = type;
  put(157, std::string_view(link).substr(0, 100));
  put(257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  octal(148, 6, sum);
  block[154] = '\0';
  bytes_ += block;
}

Tar& Tar::file(const std::string& name, std::string_view content, Meta meta) {
  header(name, '0', content.size(), meta, "");
  padded(content);
  return *this;
}

Tar& Tar::directory(const std::string& name, unsigned mode) {
  header(name, '5', 0, {.mode = mode}, "");
  return *this;
}

Tar& Tar::symlink(const std::string& name, const std::string& target) {
  header(name, '2', 0, {.mode = 0777}, target);
  return *this;
}

Tar& Tar::hard_link(const std::string& name, const std::string& target) {
  header(name, '1', 0, {}, target);
  return *this;
}

Tar& Tar::node(const std::string& name, char type) {
  header(name, type, 0, {}, "");
  return *this;
}

Tar& Tar::pax(const std::vector<std::pair<std::string, std::string>>& records) {
  std::string body;
  for (const auto& [key, value] : records) {
    const std::size_t rest = key.size() + value.size() + 3;  // blank, equals, newline
    std::size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length) length = std::to_string(length).size() + rest;
    body += std::to_string(length) + " " + key + "=" + value + "\n";
  }
  header("PaxHeaders/x", 'x', body.size(), {}, "");
  padded(body);
  return *this;
}

Tar& Tar::raw(std::string_view bytes) {
  bytes_ += bytes;
  return *this;
}

std::string pack(std::string_view bytes, const std::string& packing) {
  if (packing.empty()) return std::string(bytes);
  const Scratch scratch;
  write_text(scratch / "plain", bytes);
  if (run(packing + " -q -c < " + quote(scratch / "plain") + " > " + quote(scratch / "packed")) != 0)
    throw std::runtime_error(packing);
  return read_text(scratch / "packed");
}

std::string descriptor(const std::string& media_type, const std::string& digest, std::size_t size,
                       const std::string& more) {
  return R"({"mediaType":")" + media_type + R"(","digest":")" + digest + R"(","size":)" +
         std::to_string(size) + more + "}";
}

Layout::Layout(fs::path path) : path_(std::move(path)) {
  fs::create_directories(path_ / "blobs/sha256");
  write_text(path_ / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
}

std::string Layout::blob_file(const std::string& digest) const {
  return (path_ / "blobs/sha256" / digest.substr(7)).string();
}

std::string Layout::blob(std::string_view bytes) {
  const std::string digest = sha256_of(bytes);
  write_text(blob_file(digest), bytes);
  return digest;
}

Layout& Layout::layer_as(const std::string& tar, const std::string& bytes, const std::string& media_type) {
  descriptors.push_back(descriptor(media_type, blob(bytes), bytes.size()));
  diff_ids.push_back(sha256_of(tar));
  return *this;
}

Layout& Layout::layer(const std::string& tar, const std::string& packing) {
  const std::string suffix = packing.empty() ? "" : "+" + packing;
  return layer_as(tar, pack(tar, packing), "application/vnd.oci.image.layer.v1.tar" + suffix);
}

namespace {
std::string join(const std::vector<std::string>& list, const std::string& around) {
  std::string text;
  for (const std::string& item : list) text += (text.empty() ? "" : ",") + around + item + around;
  return text;
}
}  // namespace

std::string Layout::manifest(const std::string& config, const std::string& architecture) {
  const std::string document = R"({"os":"linux","architecture":")" + architecture + R"(","config":)" +
                               config + R"(,"rootfs":{"type":"layers","diff_ids":[)" + join(diff_ids, "\"") +
                               "]}}";
  const std::string config_descriptor =
      descriptor("application/vnd.oci.image.config.v1+json", blob(document), document.size());
  const std::string text =
      R"({"schemaVersion":2,"config":)" + config_descriptor + R"(,"layers":[)" + join(descriptors, "") + "]}";
  return descriptor("application/vnd.oci.image.manifest.v1+json", blob(text), text.size());
}

void Layout::index(const std::vector<std::string>& entries) {
  write_text(path_ / "index.json", R"({"schemaVersion":2,"manifests":[)" + join(entries, "") + "]}");
}

std::string Layout::finish(const std::string& config, const std::string& architecture) {
  const std::string entry = manifest(config, architecture);
  index({entry});
  return entry;
}

ImportResult import_to(const fs::path& source, const fs::path& out, ImportOptions options) {
  const UniqueFd fd{::open(out.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
  if (options.architecture.empty()) options.architecture = "amd64";
  Reference reference = parse_reference(source.string());
  return import_image(locate(reference, AT_FDCWD), AT_FDCWD, options, fd.get(), nullptr);
}

std::map<std::string, std::string> Imported::listing() const {
  std::istringstream lines(output_of("TZ=UTC unsquashfs -lln -d '' " + quote(image) + " 2>/dev/null"));
  std::map<std::string, std::string> all;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mode, owner, size, date, time;
    words >> mode >> owner >> size >> date >> time;
    const std::size_t slash = line.find(" /");
    std::string name = slash == std::string::npos ? "" : line.substr(slash + 2);
    name = name.substr(0, name.find(" -> "));
    all[name] = mode + " " + owner + " " + size + " " + date + " " + time;
  }
  return all;
}

fs::path Imported::tree() const {
  const fs::path out = scratch / "tree";
  if (!fs::exists(out) && run("unsquashfs -n -q -d " + quote(out) + " " + quote(image) + " >/dev/null") != 0)
    throw std::runtime_error("unsquashfs");
  return out;
}

std::string Imported::content(const std::string& name) const { return read_text(tree() / name); }

bool Imported::noted(std::string_view words) const {
  for (const std::string& note : result.notes)
    if (note.find(words) != std::string::npos) return true;
  return false;
}

std::unique_ptr<Imported> import_layers(const std::vector<std::string>& tars, ImportOptions options) {
  auto imported = std::make_unique<Imported>();
  Layout layout(imported->scratch / "layout");
  for (const std::string& tar : tars) layout.layer(tar, "");
  layout.finish();
  imported->image = imported->scratch / "image";
  imported->result = import_to(layout.path(), imported->image, options);
  return imported;
}

std::unique_ptr<Imported> import_tar(const std::string& tar, ImportOptions options) {
  auto imported = std::make_unique<Imported>();
  write_text(imported->scratch / "root.tar", tar);
  imported->image = imported->scratch / "image";
  imported->result = import_to(imported->scratch / "root.tar", imported->image, options);
  return imported;
}

}  // namespace sabot::images::test
