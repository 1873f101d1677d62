// SPDX-License-Identifier: Apache-2.0
// test_foreign.cc: images of other tools that are run as they are: Enroot's and Apptainer's, and what their
// files say.
#include <fcntl.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "images/foreign_config.h"
#include "images/shell_words.h"
#include "images/squashfs/lzo.h"
#include "images/squashfs_file.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;

namespace {

std::string value_of(const std::string& line, ShellVariables known = {}) {
  read_assignments(line, known);
  const auto found = known.find("A");
  return found == known.end() ? "(none)" : found->second;
}

constexpr const char* kEnrootRc =
    "# enroot-provenance: docker://x\n# org.label.name something\n\nmkdir -p \"/work\" 2> /dev/null\n"
    "cd \"/work\" && unset OLDPWD || exit 1\n\nif [ -s /etc/rc.local ]; then\n    . /etc/rc.local\nfi\n\n"
    "if [ $# -gt 0 ]; then\n    exec 'entry' \"$@\"\nelse\n    exec 'entry' 'cmd'\nfi\n";

std::string little(std::uint64_t value, std::size_t width) {
  std::string bytes(width, '\0');
  std::memcpy(bytes.data(), &value, width);
  return bytes;
}

struct Sif {
  std::string version = "01";
  std::uint32_t file_system = 1;
  std::uint32_t part = 2;
  std::string architecture = "02";
  std::uint64_t total = 2;
  std::uint64_t table = 4096;
  std::uint64_t offset = 8192;
  std::uint64_t bytes = 0;

  /// Two descriptors, a definition file and the partition, as `apptainer build` lays them out.
  std::string around(const std::string& squashfs) const {
    std::string file = "#!/usr/bin/env run-singularity\n";
    file.resize(32);
    file +=
        std::string("SIF_MAGIC\0", 10) + version + std::string(1, '\0') + architecture + std::string(1, '\0');
    file.append(16 + 16, 'u');
    file += little(0, 8) + little(total, 8) + little(table, 8) + little(2 * 585, 8) + little(offset, 8) +
            little(squashfs.size(), 8);
    file.resize(4096);
    file += descriptor(0x4001, 4096, 3, "");
    file += descriptor(0x4004, offset, bytes == 0 ? squashfs.size() : bytes,
                       little(file_system, 4) + little(part, 4) + architecture);
    file.resize(8192, '#');
    return file + squashfs + std::string(777, '#');
  }

  static std::string descriptor(std::uint32_t type, std::uint64_t at, std::uint64_t size,
                                const std::string& extra) {
    std::string text = little(type, 4) + "\1" + little(1, 4) + little(1, 4) + little(0, 4) + little(at, 8) +
                       little(size, 8) + little(size, 8);
    text.resize(201, '\0');
    text += extra;
    text.resize(585, '\0');
    return text;
  }
};

/// A squashfs of `tree`, made by mksquashfs with `options`.
std::string squashfs_of(const fs::path& tree, const std::string& options = "-comp zstd") {
  const Scratch scratch;
  if (run("mksquashfs " + quote(tree) + " " + quote(scratch / "s") + " -quiet -no-progress " + options +
          " >/dev/null") != 0)
    throw std::runtime_error("mksquashfs");
  return read_text(scratch / "s");
}

struct Opened {
  Scratch scratch;
  sabot::UniqueFd fd;
  explicit Opened(const std::string& bytes) {
    write_text(scratch / "image", bytes);
    fd = sabot::UniqueFd{::open((scratch / "image").c_str(), O_RDONLY)};
  }
};

}  // namespace

TEST_CASE("plain assignments of a shell script are read as a shell would", "[images][foreign]") {
  CHECK(value_of("A=1") == "1");
  CHECK(value_of("  export A=1 B=2 # why") == "1");
  CHECK(value_of("export A='x $HOME \"y\"'z") == "x $HOME \"y\"z");
  CHECK(value_of(R"(export A="a \"b\" \$c \n")") == R"(a "b" $c \n)");
  CHECK(value_of(R"(A=a\ b)") == "a b");
  CHECK(value_of("A=") == "");
  CHECK(value_of("A=/opt/bin:$PATH") ==
        "/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  CHECK(value_of("A=${B}x$B", {{"B", "b"}}) == "bxb");
  CHECK(value_of(R"(export A="${A:-"value with ; and \"quotes\""}")") == "value with ; and \"quotes\"");
  CHECK(value_of(R"(export A="${A:-"new"}")", {{"A", "old"}}) == "old");
  CHECK(value_of(R"(export A="${A:-}")") == "");
}

TEST_CASE("a line of shell that does more than assign changes nothing", "[images][foreign]") {
  for (const char* line : {"A=$(id)", "A=`id`", "A=1; rm -rf /", "A=1 && true", "A=1 | cat", "if A=1",
                           "A=$UNKNOWN", "A=${B%x}", "A=\"open", "A='open", "A=x\\", "A=*", "A=<f",
                           "export A", "A=1 cmd", "set -- A=1", "A+=1", "1A=1", "A=${B:-"}) {
    CAPTURE(line);
    CHECK(value_of(line) == "(none)");
  }
  std::string deep = "A=";
  for (int i = 0; i < 100000; ++i) deep += "${B:-";
  CHECK(value_of(deep) == "(none)");
  std::vector<std::string> many(1);
  for (int i = 0; i < 5000; ++i) many[0] += "V" + std::to_string(i) + "=1\n";
  CHECK_THROWS_WITH(variables_of_scripts(many), Contains("more than 4096"));
}

TEST_CASE("what Enroot wrote into an image is its working directory, environment and command",
          "[images][foreign]") {
  const auto config = enroot_config(kEnrootRc, "PATH=/bin\nA=b c=d\nnot a variable\n1X=2\nE=\r\n");
  REQUIRE(config);
  CHECK(config->working_dir == "/work");
  CHECK(config->env == std::vector<std::string>{"PATH=/bin", "A=b c=d", "E="});
  CHECK(config->entrypoint == std::vector<std::string>{"/bin/sh", "/etc/rc"});
  CHECK_FALSE(enroot_config("#!/bin/sh\ncd /work\n", "A=1"));  // a System V rc, and PAM's environment
}

TEST_CASE("a squashfs of Enroot's is launched as Enroot does, whatever it is compressed with",
          "[images][foreign]") {
  const Scratch tree;
  fs::create_directories(tree / "etc");
  write_text(tree / "etc/rc", kEnrootRc);
  write_text(tree / "etc/environment", "A=1\n");
  for (int i = 0; i < 300; ++i)
    write_text(tree / ("file" + std::to_string(i)), std::string(static_cast<std::size_t>(i), 'x'));
  const std::string options =
      GENERATE("-comp lzo -noD", "-comp lzo", "-comp zstd", "-comp gzip", "-comp xz", "-comp lz4");
  CAPTURE(options);
  const Opened image(squashfs_of(tree.path(), options));
  const LaunchConfig config = read_launch_config(image.fd.get());
  CHECK(config.env == std::vector<std::string>{"A=1"});
  CHECK(config.working_dir == "/work");
}

TEST_CASE("an image with an /etc/environment and no Enroot's /etc/rc says nothing", "[images][foreign]") {
  const Scratch tree;
  fs::create_directories(tree / "etc");
  write_text(tree / "etc/environment", "A=1\n");
  CHECK(read_launch_config(Opened(squashfs_of(tree.path())).fd.get()) == LaunchConfig{});
}

TEST_CASE("damaged LZO data is refused, and never read or written past its end", "[images][foreign]") {
  // What mksquashfs writes is undone in the test above; here, bytes that nobody wrote.
  std::uint32_t state = 1;
  std::vector<std::uint8_t> out(512);
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::uint8_t> in(1 + round % 64);
    for (auto& byte : in) byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
    CHECK(lzo_decompress(in, out) <= static_cast<std::int64_t>(out.size()));
  }
  CHECK(lzo_decompress({}, out) == -1);
  const std::vector<std::uint8_t> end = {17, 0, 0};
  CHECK(lzo_decompress(end, out) == 0);
}

TEST_CASE("a SIF file is its system partition, with Apptainer's environment and runscript",
          "[images][foreign]") {
  const Scratch tree;
  fs::create_directories(tree / ".singularity.d/env");
  write_text(tree / ".singularity.d/env/10-docker2singularity.sh",
             "#!/bin/sh\nexport PATH=\"/opt/bin:/bin\"\nexport LANG=\"${LANG:-\"C.UTF-8\"}\"\n");
  write_text(tree / ".singularity.d/env/90-environment.sh",
             "#!/bin/sh\n# Custom environment shell code should follow\n\nexport PATH=/more:$PATH\nif true; "
             "then X=1; fi\n");
  write_text(tree / ".singularity.d/labels.json", R"({"name":"value","n":1})");
  write_text(tree / ".singularity.d/runscript", "#!/bin/sh\nexec sh \"$@\"\n");
  const std::string squashfs = squashfs_of(tree.path());
  const Opened image(Sif{}.around(squashfs));
  CHECK(is_squashfs(image.fd.get()));
  CHECK(squashfs_place(image.fd.get()).offset == 8192);
  CHECK(squashfs_place(image.fd.get()).bytes == squashfs.size());
  const LaunchConfig config = read_launch_config(image.fd.get());
  CHECK(config.env == std::vector<std::string>{"LANG=C.UTF-8", "PATH=/more:/opt/bin:/bin"});
  CHECK(config.entrypoint == std::vector<std::string>{"/.singularity.d/runscript"});
  CHECK(config.labels == std::map<std::string, std::string>{{"name", "value"}});
  const Scratch copy;
  import_to(image.scratch / "image", copy / "out");
  CHECK(read_text(copy / "out") == squashfs);
}

TEST_CASE("a SIF file that cannot be run is refused by what is wrong with it", "[images][foreign]") {
  const Scratch tree;
  write_text(tree / "f", "x");
  const std::string squashfs = squashfs_of(tree.path());
  const auto complaint = [&](const Sif& sif) -> std::string {
    const Opened image(sif.around(squashfs));
    try {
      read_launch_config(image.fd.get());
      return "";
    } catch (const sabot::Refused& e) {
      return e.what();
    }
  };
  CHECK(complaint({}).empty());
  CHECK_THAT(complaint({.version = "09"}), Contains("only 01 is known"));
  CHECK_THAT(complaint({.file_system = 2}), Contains("ext3"));
  CHECK_THAT(complaint({.file_system = 5}), Contains("encrypted"));
  CHECK_THAT(complaint({.file_system = 99}), Contains("unknown kind"));
  CHECK_THAT(complaint({.part = 3}), Contains("without a system partition"));
  CHECK_THAT(complaint({.architecture = "04"}), Contains("arm64"));
  CHECK_THAT(complaint({.total = 1}), Contains("without a system partition"));
  for (const std::uint64_t wrong : {std::uint64_t{1} << 40, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
    CHECK_THAT(complaint({.total = wrong}), Contains("outside of the file"));
    CHECK_THAT(complaint({.table = wrong}), Contains("outside of the file"));
    CHECK_THAT(complaint({.offset = wrong}), Contains("outside of the file"));
    CHECK_THAT(complaint({.bytes = wrong}), Contains("outside of the file"));
  }
  CHECK_THAT(complaint({.bytes = 50}), Contains("too short"));
  CHECK_THAT(complaint({.offset = 8193}), Contains("not a squashfs"));
}
