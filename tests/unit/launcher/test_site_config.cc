// SPDX-License-Identifier: Apache-2.0
// test_site_config.cc: the site configuration: each name, each mistake with its line, and who may write the
// file.
#include "site_config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "size.h"
#include "support.h"
#include "sys/error.h"
#include "sys/settings.h"

using namespace sabot;
using namespace sabot::test;
using Catch::Contains;

namespace {

SiteConfig parse(const std::string& text) { return parse_site_config(text, "alice"); }

}  // namespace

TEST_CASE("every name of a site configuration is taken", "[launcher][site]") {
  const SiteConfig site = parse(
      "# comment\n"
      "\n"
      "store /images/%u/store-%u\n"
      "  mount \t /scratch/%u:/scratch:ro  \n"
      "mount tmpfs:/var/tmp,/opt\r\n"
      "no_mount /tmp\n"
      "no_mount /etc/hosts\n"
      "tmp_size 4G\n"
      "writable_size 512M\n"
      "writable yes");
  CHECK(site.store == "/images/alice/store-alice");
  REQUIRE(site.mounts.size() == 3);
  CHECK(site.mounts[0].source == "/scratch/alice");
  CHECK(site.mounts[0].target == "/scratch");
  CHECK(site.mounts[0].read_only);
  CHECK(site.mounts[0].why == "site configuration");
  CHECK(site.mounts[1].kind == MountKind::tmpfs);
  CHECK(site.mounts[2].target == "/opt");
  CHECK(site.without_mounts == std::vector<std::string>{"/tmp", "/etc/hosts"});
  CHECK(site.tmp_bytes == std::uint64_t{4} << 30);
  CHECK(site.writable_bytes == std::uint64_t{512} << 20);
  CHECK(site.writable);
}

TEST_CASE("an empty site configuration decides nothing", "[launcher][site]") {
  for (const char* text : {"", "\n\n", "# writable yes\n", "  \t\r\n  # x"}) {
    const SiteConfig site = parse(text);
    CHECK(site.store.empty());
    CHECK(site.mounts.empty());
    CHECK_FALSE(site.writable);
  }
}

TEST_CASE("the last of repeated settings counts", "[launcher][site]") {
  CHECK_FALSE(parse("writable yes\nwritable no\n").writable);
  CHECK(parse("tmp_size 1\ntmp_size 2\n").tmp_bytes == 2);
}

TEST_CASE("a mistake in a site configuration is said with its line", "[launcher][site]") {
  struct Row {
    const char* text;
    const char* says;
  };
  const Row rows[] = {
      {"\n# x\nmuont /a:/b\n", "line 3: unknown name 'muont'; see sabot.conf(5)"},
      {"Store /a\n", "line 1: unknown name 'Store'"},
      {"stor /a\n", "unknown name 'stor'"},
      {"stores /a\n", "unknown name 'stores'"},
      {"store=/a\n", "unknown name 'store=/a'"},
      {"store\n", "line 1: '' is no absolute path"},
      {"store a/b\n", "'a/b' is no absolute path"},
      {"no_mount tmp\n", "'tmp' is no absolute path"},
      {"tmp_size lots\n", "'lots' is no size; write bytes, or a number with K, M, G or T"},
      {"tmp_size\n", "'' is no size"},
      {"writable_size 1 G\n", "'1 G' is no size"},
      {"writable maybe\n", "'maybe' is neither yes nor no"},
      {"writable Yes\n", "'Yes' is neither yes nor no"},
      {"writable yes # because\n", "'yes # because' is neither"},
      {"mount a:/b\n", "site configuration: 'a:/b': the source must begin with /"},
      {"\x01\x02 x\n", "unknown name '\\x01\\x02'"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK_THROWS_WITH(parse(row.text), Contains(row.says));
  }
}

TEST_CASE("a wrong mount of a site configuration is said with its line", "[launcher][site]") {
  CHECK_THROWS_WITH(parse("writable yes\nmount /a:b\n"), Contains("line 2"));
}

TEST_CASE("a setting with a NUL byte is no setting that is known", "[launcher][site]") {
  CHECK_THROWS_AS(parse(std::string("store /a\0b\nwritab\0le yes\n", 25)), Refused);
}

TEST_CASE("sizes are numbers with a power of 1024", "[launcher][site]") {
  struct Row {
    const char* text;
    std::optional<std::uint64_t> bytes;
  };
  const Row rows[] = {
      {"0", 0},
      {"1024", 1024},
      {"1K", 1024},
      {"3M", 3 << 20},
      {"4G", std::uint64_t{4} << 30},
      {"5T", std::uint64_t{5} << 40},
      {"18446744073709551615", 18446744073709551615U},
      {"16777215T", std::uint64_t{16777215} << 40},
      {"16777216T", std::nullopt},
      {"18446744073709551616", std::nullopt},
      {"", std::nullopt},
      {"G", std::nullopt},
      {"-1", std::nullopt},
      {"+1", std::nullopt},
      {" 1", std::nullopt},
      {"1k", std::nullopt},
      {"1KB", std::nullopt},
      {"1P", std::nullopt},
      {"1.5G", std::nullopt},
      {"0x10", std::nullopt},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(parse_size(row.text) == row.bytes);
  }
}

TEST_CASE("a site configuration that is missing is an empty one", "[launcher][site]") {
  CHECK(read_site_config("/nonexistent/sabot.conf").store.empty());
}

TEST_CASE("a site configuration that others can write is refused", "[launcher][site]") {
  const WorkingDirectory here;
  here.file("site.conf", "writable yes\n");
  const std::string file = here.path("site.conf");
  for (const auto& [mode, taken] : std::vector<std::pair<mode_t, bool>>{
           {0644, true}, {0600, true}, {0755, true}, {0664, false}, {0646, false}, {0666, false}}) {
    CAPTURE(mode);
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    if (taken) {
      CHECK(read_site_config(file).writable);
    } else {
      CHECK_THROWS_WITH(read_site_config(file),
                        "site configuration " + file + ": others can write it; chmod go-w " + file);
    }
  }
}

TEST_CASE("a site configuration of another user is refused", "[launcher][site]") {
  const WorkingDirectory here;
  here.file("site.conf", "writable yes\n");
  REQUIRE(::chmod(here.path("site.conf").c_str(), 0644) == 0);
  if (::chown(here.path("site.conf").c_str(), 4711, 4711) == -1) {
    WARN("SKIP: only root can give files away");
    return;
  }
  CHECK_THROWS_WITH(read_site_config(here.path("site.conf")),
                    Contains("owned by another user; it must be root's"));
}

TEST_CASE("a site configuration in a directory that others can write is refused, wherever a link leads",
          "[launcher][site]") {
  const WorkingDirectory here;
  const std::string directory = here.path("etc");
  REQUIRE(::mkdir(directory.c_str(), 0755) == 0);
  REQUIRE(::mkdir((directory + "/sabot").c_str(), 0755) == 0);
  here.file("etc/sabot/site.conf", "writable yes\n");
  const std::string file = directory + "/sabot/site.conf";
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  const std::string link = here.path("link.conf");
  REQUIRE(::symlink(file.c_str(), link.c_str()) == 0);
  CHECK(read_site_config(file).writable);
  REQUIRE(::chmod(directory.c_str(), 0775) == 0);
  const std::string why = ": others can write its directory " + directory + "; chmod go-w " + directory;
  CHECK_THROWS_WITH(read_site_config(file), "site configuration " + file + why);
  CHECK_THROWS_WITH(read_site_config(link), "site configuration " + link + why);
  REQUIRE(::chmod(directory.c_str(), 01777) == 0);  // as /tmp: what is in it is its owner's
  CHECK(read_site_config(file).writable);
}

TEST_CASE("a site configuration that cannot be read is no empty one", "[launcher][site]") {
  const WorkingDirectory here;
  CHECK_THROWS_AS(read_site_config(here.path()), Error);  // a directory
  here.file("large.conf", std::string(kSettingsBytes + 1, '#'));
  REQUIRE(::chmod(here.path("large.conf").c_str(), 0644) == 0);
  CHECK_THROWS_WITH(read_site_config(here.path("large.conf")), Contains("larger than the limit"));
  REQUIRE(::symlink("loop", here.path("loop").c_str()) == 0);
  CHECK_THROWS_AS(read_site_config(here.path("loop")), Error);
}

TEST_CASE("the site says which registries there are and how they are reached", "[launcher][config]") {
  const SiteConfig site = parse_site_config(
      "default_registry site.example:5000\nregistry_mirror docker.io cache.example/hub\n"
      "insecure_registry old.example\nregistry_certs /etc/sabot/certs.d\n",
      "alice");
  CHECK(site.registry.default_registry == "site.example:5000");
  REQUIRE(site.registry.mirrors.size() == 1);
  CHECK(site.registry.mirrors[0].host == "docker.io");
  CHECK(site.registry.mirrors[0].at == "cache.example/hub");
  CHECK(site.registry.insecure == std::vector<std::string>{"old.example"});
  CHECK(site.registry.certs == std::vector<std::string>{"/etc/sabot/certs.d"});
  for (const char* line : {"default_registry https://x", "registry_mirror docker.io", "registry_mirror a b c",
                           "registry_certs certs.d", "insecure_registry a/b", "default_registry"})
    CHECK_THROWS_AS(parse_site_config(line, "alice"), Refused);
}
