// SPDX-License-Identifier: Apache-2.0
// test_protocol.cc: messages between rank, stage0 and keeper: written, read back, and refused when they are
// not whole.
#include <catch2/catch.hpp>
#include <memory>
#include <random>

#include "support.h"

using namespace sabot;
using sabot::test::Message;

namespace {

// In a block of its own of exactly that size, so that a sanitizer sees a read beyond the end.
class Received {
 public:
  explicit Received(const std::string& bytes) : copy_(new char[bytes.size()]), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), copy_.get());
  }
  MessageReader reader() const { return {copy_.get(), size_}; }

 private:
  std::unique_ptr<char[]> copy_;
  std::size_t size_;
};

std::string sample() {
  return Message(MessageKind::request).add("pod", "42.0.1").add("env", "A=B=C").add("env", "D=").bytes();
}

}  // namespace

TEST_CASE("a message is read as it was written", "[stage1][protocol]") {
  const Received received{sample()};
  MessageReader reader = received.reader();
  REQUIRE(reader.valid());
  CHECK(reader.header().kind == MessageKind::request);
  CHECK(std::string(reader.first("pod", "none")) == "42.0.1");
  CHECK(std::string(reader.next("env")) == "A=B=C");
  CHECK(std::string(reader.next("env")) == "D=");
  CHECK(reader.next("env") == nullptr);
  CHECK(std::string(reader.first("absent", "otherwise")) == "otherwise");
}

TEST_CASE("a message without a string is valid and has no names", "[stage1][protocol]") {
  const Received received{Message(MessageKind::join).bytes()};
  MessageReader reader = received.reader();
  CHECK(reader.valid());
  CHECK(reader.next("pod") == nullptr);
}

TEST_CASE("what does not fit is left out and the message says so for good", "[stage1][protocol]") {
  Message message(MessageKind::request, sizeof(Header) + 8);
  message.add("a", "12345");  // 8 bytes: a, =, 5, NUL
  CHECK_FALSE(message.writer.overflow);
  CHECK(message.writer.used == message.writer.capacity);
  Message small(MessageKind::request, sizeof(Header) + 8);
  small.add("a", "123456");
  CHECK(small.writer.overflow);
  CHECK(small.writer.used == sizeof(Header));
  small.add("b", "");
  CHECK(small.writer.used == sizeof(Header));
  CHECK(Received{small.bytes()}.reader().valid());
}

TEST_CASE("a message cut anywhere is not valid", "[stage1][protocol]") {
  const std::string whole = sample();
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    CAPTURE(bytes);
    CHECK_FALSE(Received{whole.substr(0, bytes)}.reader().valid());
  }
  CHECK_FALSE(Received{whole + '\0'}.reader().valid());
}

TEST_CASE("a message of another release is not valid", "[stage1][protocol]") {
  std::string bytes = sample();
  bytes[3] = '2';
  CHECK_FALSE(Received{bytes}.reader().valid());
}

TEST_CASE("a message whose last string does not end is not valid", "[stage1][protocol]") {
  std::string bytes = sample();
  bytes.back() = 'x';
  CHECK_FALSE(Received{bytes}.reader().valid());
}

TEST_CASE("a name that begins another name is not taken for it", "[stage1][protocol]") {
  const Received received{
      Message(MessageKind::request).add("workdir-note", "1").add("work", "2").add("workdir", "3").bytes()};
  CHECK(std::string(received.reader().first("workdir", "")) == "3");
  CHECK(std::string(received.reader().first("work", "")) == "2");
  CHECK(std::string(received.reader().first("workdi", "none")) == "none");
}

TEST_CASE("the first of repeated names is found without moving the reader", "[stage1][protocol]") {
  const Received received{Message(MessageKind::request).add("a", "1").add("a", "2").bytes()};
  MessageReader reader = received.reader();
  CHECK(std::string(reader.next("a")) == "1");
  CHECK(std::string(reader.first("a", "")) == "1");
  CHECK(std::string(reader.next("a")) == "2");
}

TEST_CASE("a valid message of any payload is walked within its bytes", "[stage1][protocol]") {
  std::mt19937 random(1);
  const std::string whole = sample();
  int walked = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 4; ++i) bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    const Received received{bytes};
    MessageReader reader = received.reader();
    if (!reader.valid()) continue;
    ++walked;
    while (const char* value = reader.next("env")) REQUIRE(strlen(value) < whole.size());
    REQUIRE(reader.position == bytes.size());
  }
  CHECK(walked > 100);
}
