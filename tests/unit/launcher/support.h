// SPDX-License-Identifier: Apache-2.0
// support.h: what the launcher's tests share: variables that are put back, a scratch directory, made-up
// requests.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol.h"

namespace sabot::test {

/// No variable that steers the launcher is set but those a test sets; all are put back after it.
class CleanEnvironment {
 public:
  CleanEnvironment();
  ~CleanEnvironment();
  CleanEnvironment(const CleanEnvironment&) = delete;
  CleanEnvironment& operator=(const CleanEnvironment&) = delete;
  void set(const char* name, const std::string& value);
  void unset(const char* name);

 private:
  void remember(const std::string& name);
  std::map<std::string, std::optional<std::string>> before_;
};

/// A directory that is the working directory and goes with the test.
class WorkingDirectory {
 public:
  WorkingDirectory();
  ~WorkingDirectory();
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  void file(const std::string& name, std::string_view content) const;

 private:
  std::string before_;
  std::string path_;
};

/// A request as a rank sends it, or as a forger does.
class Request {
 public:
  explicit Request(std::initializer_list<std::pair<const char*, std::string>> strings);
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  MessageReader reader() const { return {writer_.buffer, writer_.used}; }

 private:
  std::vector<char> storage_;
  MessageWriter writer_;
};

}  // namespace sabot::test
