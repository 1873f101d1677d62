// SPDX-License-Identifier: Apache-2.0
// error.h: how failures travel: an exception with the context that was declared around the failing call.
// Not here: printing. Only a main() prints, once per failure.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace sabot {

/// Exit codes of Sabot's own failures; a program's own code passes untouched. 126 and 127 as in sh(1).
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRuntime = 125;
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;

/// Says what is being attempted, for as long as the scope lasts; `Error` puts it in front of its text.
class Context {
 public:
  explicit Context(std::string doing) : doing_(std::move(doing)), outer_(std::exchange(top_, this)) {}
  ~Context() { top_ = outer_; }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  static std::string chain() {  // "prepare pod 42.0: bind scratch: "
    std::string text;
    for (const Context* c = top_; c != nullptr; c = c->outer_) text.insert(0, c->doing_ + ": ");
    return text;
  }

 private:
  std::string doing_;
  Context* outer_;
  inline static thread_local Context* top_ = nullptr;
};

/// A failed operation. what() is one line: the declared context, the call, the object, the reason.
struct Error : std::system_error {
  Error(int err, std::string_view what)
      : system_error(err, std::generic_category(), Context::chain().append(what)) {}
};

/// A refusal that no errno describes: bad input, a policy, an impossible request.
struct Refused : std::runtime_error {
  explicit Refused(std::string_view why) : runtime_error(Context::chain().append(why)) {}
};

/// A mistake on the command line; exits with kExitUsage.
struct UsageError : std::runtime_error {
  using runtime_error::runtime_error;
};

/// `rc` unless it is -1; then throws Error{errno} naming the call and its object.
template <class Int>
Int check(Int rc, const char* call, std::string_view object = {}) {
  const int err = errno;  // before anything else can touch it
  if (rc == static_cast<Int>(-1))
    throw Error(err,
                object.empty() ? std::string(call) : std::string(call) + " '" + std::string(object) + "'");
  return rc;
}

}  // namespace sabot
