// SPDX-License-Identifier: Apache-2.0
// test_store.cc: the image store: names and digests, importers that fail, race or are killed, owners.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <exception>

#include "images/squashfs_file.h"
#include "images/store.h"
#include "images/store_folders.h"
#include "images/store_names.h"
#include "images/store_staging.h"
#include "support.h"
#include "sys/error.h"

using namespace sabot::images;
using namespace sabot::images::test;
using Catch::Contains;

namespace {

struct Shop {
  Scratch scratch;
  Store store{open_store((scratch / "store").string())};
  Reference source(const std::string& content) {
    fs::create_directories(scratch / content);
    write_text(scratch / content / "file", content);
    fs::last_write_time(scratch / content / "file", fs::file_time_type{});
    fs::last_write_time(scratch / content, fs::file_time_type{});
    return locate(parse_reference((scratch / content).string()), AT_FDCWD);
  }
  ImageRecord import(const std::string& content, const std::string& name) {
    return store.import(source(content), AT_FDCWD, {}, name, nullptr);
  }
  std::size_t staged() { return list_folder(open_folder(store.fd(), "staging", false).get()).size(); }
};

/// The child's exit status; the child runs `body` and does not come back.
template <class Body>
pid_t in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      body();
      ::_exit(0);
    } catch (const std::exception& e) {
      std::fprintf(stderr, "child: %s\n", e.what());
    } catch (...) {
    }
    ::_exit(1);
  }
  return child;
}
int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("an image is kept under the digest of its bytes", "[images][store]") {
  Shop shop;
  ImportResult result;
  const ImageRecord record = shop.store.import(shop.source("one"), AT_FDCWD, {}, "app:1", nullptr, &result);
  const fs::path file = shop.scratch / "store/images/sha256" / (record.digest.substr(7) + ".squashfs");
  CHECK_THAT(output_of("sha256sum " + quote(file)), Catch::StartsWith(record.digest.substr(7)));
  CHECK(record.size_bytes == fs::file_size(file));
  CHECK(record.names == std::vector<std::string>{"app:1"});
  CHECK(result.inode_count == 4);
  CHECK(shop.staged() == 0);
  const sabot::UniqueFd image = shop.store.open_image(record.digest);
  CHECK((::fcntl(image.get(), F_GETFL) & O_ACCMODE) == O_RDONLY);
  struct stat st {};
  REQUIRE(::stat((shop.scratch / "store").c_str(), &st) == 0);
  CHECK((st.st_mode & 07777) == 0700);
}

TEST_CASE("an image is found by name, digest and the beginning of one", "[images][store]") {
  Shop shop;
  const std::string one = shop.import("one", "site/app").digest;
  const std::string two = shop.import("two", "").digest;
  CHECK(shop.store.find("site/app")->digest == one);
  CHECK(shop.store.find("site/app:latest")->digest == one);
  CHECK(shop.store.find(two)->digest == two);
  CHECK(shop.store.find(two.substr(7, 12))->digest == two);
  CHECK(shop.store.find(two.substr(0, 20))->digest == two);
  CHECK_FALSE(shop.store.find("other"));
  CHECK_FALSE(shop.store.find(two.substr(7, 3)));
  CHECK_FALSE(shop.store.find("../../etc/passwd"));
  CHECK_FALSE(shop.store.find("sha256:" + std::string(64, '0')));
  CHECK(shop.store.list().size() == 2);
}

TEST_CASE("the beginning of several digests is refused", "[images][store]") {
  Shop shop;
  for (const char* last : {"0", "1"})
    write_text(shop.scratch / "store/images/sha256" / (std::string(63, 'a') + last + ".squashfs"), "");
  CHECK_THROWS_WITH(shop.store.find("aaaaaa"), Contains("several"));
  CHECK_THROWS_WITH(shop.store.remove("aaaaaa"), Contains("several"));
  CHECK(shop.store.list().size() == 2);
}

TEST_CASE("a name moves to the image it is given to last", "[images][store]") {
  Shop shop;
  const std::string one = shop.import("one", "app").digest;
  const std::string two = shop.import("two", "app").digest;
  CHECK(shop.store.find("app")->digest == two);
  CHECK(shop.store.find(one)->names.empty());
  shop.store.set_name("app", one);
  shop.store.set_name("other:1", one);
  CHECK(shop.store.find(one)->names == std::vector<std::string>{"app", "other:1"});
  CHECK_THROWS_WITH(shop.store.set_name("x", "sha256:" + std::string(64, '0')), Contains("has no image"));
  CHECK_THROWS_WITH(shop.store.set_name("../x", one), Contains("not an image name"));
}

TEST_CASE("an image goes with its last name, or at once by digest", "[images][store]") {
  Shop shop;
  const std::string one = shop.import("one", "a").digest;
  shop.store.set_name("b", one);
  CHECK(shop.store.remove("a").empty());
  CHECK(shop.store.find(one));
  const sabot::UniqueFd open = shop.store.open_image(one);
  CHECK(shop.store.remove("b") == std::vector<std::string>{one});
  CHECK_FALSE(shop.store.find(one));
  CHECK(read_image_info(open.get()).inode_count == 4);  // who has it open keeps it
  shop.import("one", "a");
  shop.store.set_name("b", one);
  CHECK(shop.store.remove(one.substr(7, 16)) == std::vector<std::string>{one});
  CHECK_FALSE(shop.store.find("a"));
  CHECK_FALSE(shop.store.find("b"));
  CHECK_THROWS_WITH(shop.store.remove("a"), Contains("no image 'a'"));
  CHECK_THROWS_WITH(shop.store.open_image(one), Contains("No such file"));
}

TEST_CASE("an import that fails publishes nothing and leaves nothing", "[images][store]") {
  Shop shop;
  write_text(shop.scratch / "bad.tar", Tar().file("../x", "y").bytes());
  const Reference bad = locate(parse_reference((shop.scratch / "bad.tar").string()), AT_FDCWD);
  CHECK_THROWS_WITH(shop.store.import(bad, AT_FDCWD, {}, "bad", nullptr), Contains("leaves the image root"));
  CHECK(shop.store.list().empty());
  CHECK_FALSE(shop.store.find("bad"));
  CHECK(shop.staged() == 0);
  CHECK_THROWS_WITH(shop.store.import(shop.source("one"), AT_FDCWD, {}, "bad name", nullptr),
                    Contains("not an image name"));
}

TEST_CASE("a disk that is full fails the import and leaves nothing", "[images][store]") {
  Shop shop;
  write_text(shop.scratch / "big", output_of("head -c 3000000 /dev/urandom"));
  write_text(shop.scratch / "big.tar", Tar().file("big", read_text(shop.scratch / "big")).bytes());
  const Reference big = locate(parse_reference((shop.scratch / "big.tar").string()), AT_FDCWD);
  const pid_t child = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1 << 20, 1 << 20};  // EFBIG where a full disk would say ENOSPC
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      shop.store.import(big, AT_FDCWD, {}, "big", nullptr);
    } catch (const sabot::Error& e) {
      if (e.code().value() == EFBIG) return;
    }
    throw std::runtime_error("not the expected failure");
  });
  CHECK(wait_for(child) == 0);
  CHECK(shop.store.list().empty());
  CHECK(shop.staged() == 0);
}

TEST_CASE("two importers of the same source come to one image", "[images][store]") {
  Shop shop;
  const Reference source = shop.source("one");
  const std::string store = (shop.scratch / "store").string();
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i)
    children.push_back(in_child([&] { open_store(store).import(source, AT_FDCWD, {}, "app", nullptr); }));
  for (const pid_t child : children) CHECK(wait_for(child) == 0);
  CHECK(shop.store.list().size() == 1);
  CHECK(shop.store.find("app"));
  CHECK(shop.staged() == 0);
}

TEST_CASE("what a killed importer left is reclaimed, what a live one has is not", "[images][store]") {
  Shop shop;
  const sabot::UniqueFd staging = open_folder(shop.store.fd(), "staging", true);
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t killed = in_child([&] {
    const Staged mine = stage(staging.get());
    if (::write(ready[1], "x", 1) != 1) throw 1;
    ::pause();
  });
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  shop.import("one", "");
  CHECK(shop.staged() == 1);  // it lives
  ::kill(killed, SIGKILL);
  CHECK(WIFSIGNALED(wait_for(killed)));
  CHECK(shop.staged() == 1);
  shop.import("two", "");
  CHECK(shop.staged() == 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("an image in the store that was cut short is replaced by an import of the same",
          "[images][store]") {
  Shop shop;
  const ImageRecord record = shop.import("one", "app");
  const fs::path file = shop.scratch / "store/images/sha256" / (record.digest.substr(7) + ".squashfs");
  ::chmod(file.c_str(), 0600);
  fs::resize_file(file, 100);
  CHECK(shop.import("one", "app").size_bytes == record.size_bytes);
}

TEST_CASE("a store that others could change is refused", "[images][store]") {
  const Scratch scratch;
  const std::string path = (scratch / "store").string();
  open_store(path);
  ::chmod(path.c_str(), 0770);
  CHECK_THROWS_WITH(open_store(path), Contains("can be written by others"));
  CHECK_THROWS_WITH(open_existing_store(path), Contains("can be written by others"));
  ::chmod(path.c_str(), 0755);
  ::chmod((scratch / "store/images").c_str(), 0777);
  CHECK_THROWS_WITH(open_existing_store(path).list(), Contains("can be written by others"));
  ::chmod((scratch / "store/images").c_str(), 0755);
  CHECK(open_existing_store(path).list().empty());
  CHECK_THROWS_WITH(open_existing_store((scratch / "none").string()), Contains("No such file"));
}

TEST_CASE("a store of another user is refused, one of root's is read", "[images][store]") {
  if (::geteuid() != 0) {
    WARN("SKIP: only root can give files away");
    return;
  }
  Shop shop;
  const std::string digest = shop.import("one", "app").digest;
  const std::string path = (shop.scratch / "store").string();
  ::chmod(shop.scratch.path().c_str(), 0755);
  ::chmod(path.c_str(), 0755);
  const pid_t reader = in_child([&] {
    if (::setuid(65534) != 0 || open_existing_store(path).find("app")->digest != digest) throw 1;
    if (!open_store(path).open_image(digest).valid()) throw 1;
  });
  CHECK(wait_for(reader) == 0);
  REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
  const pid_t other = in_child([&] {
    try {
      if (::setuid(65533) == 0) open_existing_store(path);
    } catch (const sabot::Refused&) {
      return;
    }
    throw 1;
  });
  CHECK(wait_for(other) == 0);
}

TEST_CASE("a store that nobody has imported into has nothing", "[images][store]") {
  const Scratch scratch;
  fs::create_directory(scratch / "store");
  ::chmod((scratch / "store").c_str(), 0755);
  const Store store = open_existing_store((scratch / "store").string());
  CHECK(store.list().empty());
  CHECK_FALSE(store.find("app"));
}

TEST_CASE("names become file names and come back", "[images][store]") {
  for (const std::string& name : {std::string("app"), std::string("site/app:1.2"), std::string("a_b-c.d")}) {
    CHECK(decode_name(encode_name(name)) == name);
    CHECK(encode_name(name).find('/') == std::string::npos);
  }
  for (const char* file : {"%", "%2", "%2f", "a/b", ".hidden", "%41"}) CHECK_FALSE(decode_name(file));
}

TEST_CASE("foreign files in the store are passed over", "[images][store]") {
  Shop shop;
  const std::string digest = shop.import("one", "app").digest;
  write_text(shop.scratch / "store/images/sha256/README", "x");
  write_text(shop.scratch / "store/names/broken", "not a digest");
  write_text(shop.scratch / "store/names/%zz", digest);
  fs::create_symlink("/etc/passwd", shop.scratch / "store/names/link");
  CHECK(shop.store.list().size() == 1);
  CHECK(shop.store.list()[0].names == std::vector<std::string>{"app"});
  CHECK_FALSE(shop.store.find("broken"));
  CHECK_FALSE(shop.store.find("link"));
}
