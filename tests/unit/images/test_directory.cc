// SPDX-License-Identifier: Apache-2.0
// test_directory.cc: a directory as the source, the same bytes from the same source, and comparison with
// other implementations.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "images/digest.h"
#include "images/squashfs_file.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;

namespace {

std::string noise(std::size_t bytes, unsigned seed) {
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>((seed = seed * 1103515245 + 12345) >> 16);
  return text;
}

/// Files of all kinds and sizes: `directories` times a hundred, and those that are special.
void make_tree(const fs::path& root, unsigned directories) {
  for (unsigned d = 0; d < directories; ++d) {
    const fs::path directory = root / ("d" + std::to_string(d % 10)) / ("sub" + std::to_string(d));
    fs::create_directories(directory);
    for (unsigned f = 0; f < 100; ++f)
      write_text(directory / ("file" + std::to_string(f)), noise((d * f * 37) % 5000, (d % 7) * 100 + f));
  }
  write_text(root / "empty", "");
  write_text(root / "two blocks and a tail", noise(300'000, 1));
  write_text(root / "exactly a block", noise(131'072, 2));
  write_text(root / "a block and a byte", noise(131'073, 3));
  write_text(root / "the same twice", noise(300'000, 1));
  write_text(root / "zeros", std::string(400'000, '\0'));
  write_text(root / "zeros with a tail", std::string(400'000, '\0') + "x");
  write_text(root / "large", noise(9'000'000, 4));
  for (const char* name :
       {"space ", "new\nline", "\xff\xfe", "tab\t", "-n", "\\", "'quote\"", ".hidden", "..."})
    write_text(root / name, name);
  fs::create_symlink("/absolute/nowhere", root / "absolute");
  fs::create_symlink("d0/sub0", root / "relative");
  fs::create_hard_link(root / "large", root / "d1/large too");
  fs::create_hard_link(root / "empty", root / "d2/empty too");
  ::mkfifo((root / "fifo").c_str(), 0644);
  fs::create_directory(root / "sticky");
  const unsigned special = ::geteuid() == 0 ? 07000 : 0;  // unsquashfs gives an ordinary user none of these
  ::chmod((root / "sticky").c_str(), (03000 & special) | 0777);
  ::chmod((root / "large").c_str(), (04000 & special) | 0711);
  run("truncate -s 20M " + quote(root / "sparse") + " && printf mid | dd of=" + quote(root / "sparse") +
      " bs=1M seek=7 conv=notrunc status=none");
}

/// Everything that can be seen of a tree: kinds, modes, owners, sizes, times, link counts, targets, contents.
std::string portrait(const fs::path& root) {
  return output_of(
      "cd " + quote(root) +
      " && find . -path ./.sabot -prune -o ! -path . ! -type d -printf '%P\\0%y %m %U %G %s %Ts %n %l\\0' -o "
      "! -path . -type d -printf '%P\\0%y %m %U %G %Ts %n\\0' | LC_ALL=C sort -z; "
      "find . -path ./.sabot -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum -z");
}

/// Not one expression in a CHECK: a difference would be printed whole.
bool alike(const fs::path& a, const fs::path& b) { return portrait(a) == portrait(b); }

fs::path unpacked(const Scratch& scratch, const fs::path& image) {
  const fs::path out = scratch / "unpacked";
  REQUIRE(run("unsquashfs -n -q -d " + quote(out) + " " + quote(image) + " >/dev/null") == 0);
  return out;
}

std::string digest_of(const fs::path& file) {
  const sabot::UniqueFd fd{::open(file.c_str(), O_RDONLY)};
  return sha256_of_file(fd.get());
}

}  // namespace

TEST_CASE("a directory of ten thousand files comes out of the image as it went in", "[images][directory]") {
  const Scratch scratch;
  make_tree(scratch / "root", 100);
  ImportOptions options;
  options.threads = 2;
  const ImportResult result = import_to(scratch / "root", scratch / "image", options);
  CHECK(result.inode_count > 10'000);
  CHECK(alike(unpacked(scratch, scratch / "image"), scratch / "root"));
  CHECK(result.size_bytes == fs::file_size(scratch / "image"));
  CHECK(result.size_bytes % 4096 == 0);
}

TEST_CASE("the same source gives the same bytes, however many threads compress", "[images][directory]") {
  const Scratch scratch;
  make_tree(scratch / "root", 20);
  REQUIRE(run("tar -C " + quote(scratch / "root") + " -cf " + quote(scratch / "root.tar") + " .") == 0);
  for (const char* source : {"root", "root.tar"}) {
    std::string first;
    for (const unsigned threads : {1u, 2u, 3u, 7u}) {
      ImportOptions options;
      options.threads = threads;
      import_to(scratch / source, scratch / "image", options);
      const std::string digest = digest_of(scratch / "image");
      if (first.empty()) first = digest;
      CAPTURE(source, threads);
      CHECK(digest == first);
    }
  }
}

TEST_CASE("each compression and block size makes an image that others can read", "[images][directory]") {
  const Scratch scratch;
  fs::create_directory(scratch / "root");
  const std::string content = noise(500'000, 5) + std::string(500'000, 'y');
  write_text(scratch / "root/a", content);
  for (const std::string word : {"zstd", "zstd:19", "gzip", "gzip:1", "xz", "lz4", "none"})
    for (const std::uint32_t block : {4096u, 131'072u, 1'048'576u}) {
      ImportOptions options;
      set_compression(options, word);
      CHECK(format_compression(options) == word);
      options.block_size = block;
      options.launch.emplace().user = word;
      import_to(scratch / "root", scratch / "image", options);
      CAPTURE(word, block);
      const bool same = output_of("unsquashfs -n -cat " + quote(scratch / "image") + " a") == content;
      CHECK(same);  // not in one expression: it would be printed
      const sabot::UniqueFd fd{::open((scratch / "image").c_str(), O_RDONLY)};
      CHECK(read_image_info(fd.get()).compression ==
            (word == "none" ? "gzip" : word.substr(0, word.find(':'))));
      if (word == "none") CHECK(fs::file_size(scratch / "image") > content.size());
      CHECK(read_image_info(fd.get()).block_size == block);
      CHECK(read_launch_config(fd.get()).user == word);
    }
  ImportOptions wrong;
  wrong.block_size = 5000;
  CHECK_THROWS_AS(import_to(scratch / "root", scratch / "image", wrong), sabot::Refused);
  ImportOptions unchanged;
  for (const char* word :
       {"lzo", "", "zstd:0", "zstd:23", "gzip:10", "zstd:", "zstd:3x", "lz4:1", "none:1", "zstd:-1"})
    CHECK_THROWS_AS(set_compression(unchanged, word), sabot::Refused);
  CHECK(format_compression(unchanged) == "zstd");
}

TEST_CASE("equal files are kept once", "[images][directory]") {
  const Scratch scratch;
  fs::create_directory(scratch / "root");
  for (int i = 0; i < 20; ++i) write_text(scratch / "root" / std::to_string(i), noise(500'000, 6));
  CHECK(import_to(scratch / "root", scratch / "image").size_bytes < 600'000);
  CHECK(output_of("unsquashfs -n -cat " + quote(scratch / "image") + " 19") == noise(500'000, 6));
}

TEST_CASE("extended attributes of a directory's files are kept", "[images][directory]") {
  const Scratch scratch;
  fs::create_directory(scratch / "root");
  write_text(scratch / "root/a", "x");
  if (::setxattr((scratch / "root/a").c_str(), "user.kept", "value", 5, 0) == -1) {
    WARN("SKIP: no extended attributes on the file system of the tests");
    return;
  }
  ::setxattr((scratch / "root").c_str(), "user.root", "r", 1, 0);
  ::setxattr((scratch / "root/a").c_str(), "user.overlay.opaque", "y", 1, 0);
  import_to(scratch / "root", scratch / "image");
  const fs::path out = unpacked(scratch, scratch / "image");
  char value[16];
  CHECK(::getxattr((out / "a").c_str(), "user.kept", value, sizeof value) == 5);
  CHECK(::getxattr(out.c_str(), "user.root", value, sizeof value) == 1);
  CHECK(::getxattr((out / "a").c_str(), "user.overlay.opaque", value, sizeof value) == -1);
}

TEST_CASE("sockets in a directory are left out, all with one note", "[images][directory]") {
  const Scratch scratch;
  fs::create_directory(scratch / "root");
  const auto make_socket = [&](const char* name) {
    sabot::UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (scratch / name).string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return socket;
  };
  const sabot::UniqueFd sockets[] = {make_socket("root/s"), make_socket("root/t"), make_socket("root/u")};
  const ImportResult result = import_to(scratch / "root", scratch / "image");
  REQUIRE(result.notes.size() == 1);
  CHECK_THAT(result.notes[0], Contains("'s' and 2 more: device or socket"));
}

TEST_CASE("the image being written is not imported into itself", "[images][directory]") {
  const Scratch scratch;
  fs::create_directory(scratch / "root");
  CHECK(import_to(scratch / "root", scratch / "root/image").inode_count == 3);
}

TEST_CASE("a file that cannot be read fails the import and is named", "[images][directory]") {
  if (::geteuid() == 0) {
    WARN("SKIP: root can read everything");
    return;
  }
  const Scratch scratch;
  fs::create_directory(scratch / "root");
  write_text(scratch / "root/secret", "x");
  ::chmod((scratch / "root/secret").c_str(), 0);
  CHECK_THROWS_WITH(import_to(scratch / "root", scratch / "image"),
                    Contains("secret") && Contains("Permission denied"));
}

TEST_CASE("a squashfs file is imported as it is", "[images][directory]") {
  const Scratch scratch;
  fs::create_directory(scratch / "root");
  write_text(scratch / "root/a", "x");
  import_to(scratch / "root", scratch / "image");
  const ImportResult copy = import_to(scratch / "image", scratch / "copy");
  CHECK(read_text(scratch / "image") == read_text(scratch / "copy"));
  CHECK(copy.size_bytes == fs::file_size(scratch / "image"));
  ImportOptions options;
  options.launch.emplace();
  CHECK_THROWS_WITH(import_to(scratch / "image", scratch / "copy", options), Contains("kept as it is"));
}

TEST_CASE("images of another tool are read, with and without a launch configuration", "[images][squashfs]") {
  if (!has_program("mksquashfs")) {
    WARN("SKIP: mksquashfs is not installed");
    return;
  }
  const Scratch scratch;
  fs::create_directories(scratch / "root/.sabot");
  for (const char* packing : {"gzip", "zstd", "xz", "lz4"}) {
    fs::remove(scratch / "image");
    fs::remove(scratch / "root/.sabot/config.json");
    const std::string make = "mksquashfs " + quote(scratch / "root") + " " + quote(scratch / "image") +
                             " -noappend -quiet -no-progress -comp " + packing + " >/dev/null";
    REQUIRE(run(make) == 0);
    const sabot::UniqueFd plain{::open((scratch / "image").c_str(), O_RDONLY)};
    CHECK(is_squashfs(plain.get()));
    CHECK(read_launch_config(plain.get()) == LaunchConfig{});
    const std::string label(300'000, 'l');
    write_text(scratch / "root/.sabot/config.json", R"({"User":"u","Labels":{"l":")" + label + "\"}}");
    REQUIRE(run(make) == 0);
    const sabot::UniqueFd fd{::open((scratch / "image").c_str(), O_RDONLY)};
    CHECK(read_launch_config(fd.get()).user == "u");
    CHECK(read_launch_config(fd.get()).labels.at("l") == label);
  }
}

TEST_CASE("a squashfs that is cut short, of another version or nonsense is refused", "[images][squashfs]") {
  const Scratch scratch;
  fs::create_directory(scratch / "root");
  write_text(scratch / "root/a", noise(200'000, 7));
  import_to(scratch / "root", scratch / "image");
  const std::string good = read_text(scratch / "image");
  const auto info_of = [&](const std::string& bytes) {
    write_text(scratch / "bad", bytes);
    const sabot::UniqueFd fd{::open((scratch / "bad").c_str(), O_RDONLY)};
    return read_image_info(fd.get());
  };
  CHECK(info_of(good).inode_count == 4);
  CHECK_THROWS_WITH(info_of(good.substr(0, good.size() - 5000)), Contains("truncated"));
  CHECK_THROWS_WITH(info_of(good.substr(0, 50)), Contains("too short"));
  std::string version = good;
  version[28] = 3;
  CHECK_THROWS_WITH(info_of(version), Contains("version 3.0"));
  for (const std::size_t at : {4, 12, 16, 20, 22, 26, 32, 48, 64, 72, 80}) {
    std::string nonsense = good;
    nonsense.replace(at, 2, "\xff\xff");
    if (at >= 32) nonsense.replace(at, 8, "\xff\xff\xff\xff\xff\xff\xff\x7f");
    if (at == 4) nonsense.replace(at, 4, std::string(4, '\0'));
    CAPTURE(at);
    CHECK_THROWS_AS(info_of(nonsense), sabot::Refused);
  }
  const sabot::UniqueFd directory{::open(scratch.path().c_str(), O_RDONLY)};
  CHECK_FALSE(is_squashfs(directory.get()));
}

TEST_CASE("damage anywhere in an image is an error, never a crash", "[images][squashfs]") {
  const Scratch scratch;
  fs::create_directory(scratch / "root");
  for (int i = 0; i < 50; ++i) write_text(scratch / "root" / std::to_string(i), std::to_string(i));
  ImportOptions options;
  options.launch.emplace().user = "u";
  import_to(scratch / "root", scratch / "image", options);
  const std::string good = read_text(scratch / "image");
  const sabot::UniqueFd fd{::open((scratch / "image").c_str(), O_RDWR)};
  unsigned seed = 1, read = 0, refused = 0;
  for (int round = 0; round < 3000; ++round) {
    seed = seed * 1103515245 + 12345;
    const std::size_t at = (seed >> 8) % good.size();
    const char byte = static_cast<char>(good[at] ^ (1 << ((seed >> 5) & 7)));
    REQUIRE(::pwrite(fd.get(), &byte, 1, static_cast<off_t>(at)) == 1);
    try {
      read_launch_config(fd.get());
      ++read;
    } catch (const std::exception&) {
      ++refused;
    }
    REQUIRE(::pwrite(fd.get(), &good[at], 1, static_cast<off_t>(at)) == 1);
  }
  CHECK(read + refused == 3000);
  CHECK(refused > 100);
}

TEST_CASE("a layout of another tool imports to the tree that umoci unpacks", "[images][oci]") {
  if (!has_program("umoci") || ::geteuid() != 0) {
    WARN("SKIP: umoci is not installed, or this is not root");
    return;
  }
  const Scratch scratch;
  const std::string layout = quote(scratch / "layout");
  const auto umoci = [&](const std::string& words) {
    REQUIRE(run("umoci " + words + " >/dev/null 2>&1") == 0);
  };
  umoci("init --layout " + layout);
  umoci("new --image " + layout + ":app");
  umoci("unpack --image " + layout + ":app " + quote(scratch / "bundle"));
  make_tree(scratch / "bundle/rootfs", 10);
  umoci("repack --image " + layout + ":app " + quote(scratch / "bundle"));
  fs::remove_all(scratch / "bundle");
  umoci("unpack --image " + layout + ":app " + quote(scratch / "bundle"));
  const fs::path root = scratch / "bundle/rootfs";
  fs::remove_all(root / "d3");              // a whiteout of a directory
  fs::remove(root / "empty");               // of one name of a hard link
  write_text(root / "large", "small now");  // the other name of its inode must keep the old bytes,
  fs::remove(root / "d1/large too");        // or rather, here, both change: it is the same inode
  fs::remove_all(root / "relative");
  fs::create_directory(root / "relative");  // a directory in place of a symlink
  write_text(root / "relative/x", "x");
  fs::remove_all(root / "d4");
  write_text(root / "d4", "a file in place of a directory");
  umoci("repack --image " + layout + ":app " + quote(scratch / "bundle"));
  umoci("config --image " + layout + ":app --config.env A=1 --config.cmd sh");
  umoci("unpack --image " + layout + ":app " + quote(scratch / "again"));
  Reference reference = parse_reference("oci:" + (scratch / "layout").string() + ":app");
  const sabot::UniqueFd out{::open((scratch / "image").c_str(), O_RDWR | O_CREAT, 0600)};
  const ImportResult result = import_image(locate(reference, AT_FDCWD), AT_FDCWD, {}, out.get(), nullptr);
  CHECK(result.launch.cmd == std::vector<std::string>{"sh"});
  CHECK(alike(unpacked(scratch, scratch / "image"), scratch / "again/rootfs"));
}
