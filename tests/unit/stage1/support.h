// SPDX-License-Identifier: Apache-2.0
// support.h: what tests of sockets and processes share: pairs, counts of descriptors, children that report.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "protocol.h"
#include "rendezvous.h"
#include "sys/unique_fd.h"

namespace sabot::test {

/// Connected SOCK_SEQPACKET sockets.
struct SocketPair {
  SocketPair();
  UniqueFd near;
  UniqueFd far;
};

/// A rendezvous that goes with the test.
struct Place : Rendezvous {
  Place();
  ~Place() { close_rendezvous(this); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
};

std::size_t open_descriptors();
bool is_open(int fd);
bool same_file(int left, int right);
UniqueFd null_file();

/// A message with its buffer.
struct Message {
  explicit Message(MessageKind kind, std::size_t capacity = kMessageBytes);
  Message& add(const char* name, const std::string& value);
  std::string bytes() const { return {writer.buffer, writer.used}; }
  std::vector<char> storage;
  MessageWriter writer;
};

/// Run `body` in a forked child, which ends with its result; the wait status.
int in_child(const std::function<int()>& body);
pid_t start_child(const std::function<int()>& body);
int wait_for(pid_t child);

}  // namespace sabot::test
