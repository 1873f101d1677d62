// SPDX-License-Identifier: Apache-2.0
// fake_spank.cc: see fake_spank.h.
#include "fake_spank.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

namespace {
constexpr spank_err_t kSuccess = static_cast<spank_err_t>(0);  // ESPANK_SUCCESS is a number
}

namespace sabot::test {

FakeHost& host() {
  static FakeHost the_host;
  return the_host;
}

namespace {

__attribute__((format(printf, 1, 0))) void log_line(const char* format, va_list arguments) {
  char text[4096];
  vsnprintf(text, sizeof text, format, arguments);
  host().log += std::string(text) + "\n";
}

// S_JOB_ARGV
spank_err_t give_argv(va_list arguments) {
  static std::vector<char*> argv;
  argv.clear();
  for (std::string& word : host().job_argv) argv.push_back(word.data());
  argv.push_back(nullptr);
  *va_arg(arguments, int*) = static_cast<int>(argv.size()) - 1;
  *va_arg(arguments, char***) = argv.data();
  return kSuccess;
}

// S_JOB_ENV
spank_err_t give_env(va_list arguments) {
  static std::vector<std::string> entries;
  static std::vector<char*> env;
  entries.clear();
  env.clear();
  for (const auto& [name, value] : host().job_env) entries.push_back(name + "=" + value);
  for (std::string& entry : entries) env.push_back(entry.data());
  env.push_back(nullptr);
  *va_arg(arguments, char***) = env.data();
  return kSuccess;
}

}  // namespace
}  // namespace sabot::test

using sabot::test::host;

#define FAKE_EXPORT __attribute__((visibility("default")))

extern "C" {

FAKE_EXPORT int opt = 0;  // srun's option table; only its address matters

FAKE_EXPORT char* slurm_option_get(void*, const char* name) {
  ++host().calls;
  if (strcmp(name, "container") == 0) return const_cast<char*>(host().native_container);
  const auto found = host().srun_options.find(name);
  return found != host().srun_options.end() ? strdup(found->second.c_str())
                                            : nullptr;  // to the caller, as Slurm's
}

FAKE_EXPORT int slurm_option_set(void*, const char* name, const char* value, bool) {
  if (host().refuse_slurm_option) return -1;
  host().srun_options[name] = value;
  return 0;
}

FAKE_EXPORT bool slurm_option_reset(void*, const char*) {
  host().native_container = nullptr;
  return true;
}

spank_context_t spank_context() {
  ++host().calls;
  return host().context;
}

spank_err_t spank_option_register(spank_t, spank_option* option) {
  ++host().calls;
  if (host().refuse_options) return ESPANK_BAD_ARG;
  host().options.push_back(*option);
  return kSuccess;
}

spank_err_t spank_get_item(spank_t, spank_item_t item, ...) {
  ++host().calls;
  va_list arguments;
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wvarargs"  // the signature is Slurm's
#endif
  va_start(arguments, item);
#if defined(__clang__)
#pragma clang diagnostic pop
#endif
  spank_err_t err = kSuccess;
  if (item == S_JOB_ARGV) {
    err = sabot::test::give_argv(arguments);
  } else if (item == S_JOB_ENV) {
    err = sabot::test::give_env(arguments);
  } else if (const auto found = host().items.find(item); found != host().items.end()) {
    *va_arg(arguments, uint32_t*) = found->second;
  } else {
    err = ESPANK_BAD_ARG;
  }
  va_end(arguments);
  return err;
}

spank_err_t spank_getenv(spank_t, const char* name, char* buffer, int bytes) {
  ++host().calls;
  if (const auto fails = host().getenv_fails.find(name); fails != host().getenv_fails.end())
    return fails->second;
  const auto found = host().job_env.find(name);
  if (found == host().job_env.end()) return ESPANK_ENV_NOEXIST;
  memset(buffer, 0, static_cast<size_t>(bytes));
  if (found->second.size() >= static_cast<size_t>(bytes)) {
    memcpy(buffer, found->second.data(), static_cast<size_t>(bytes) - 1);
    return ESPANK_NOSPACE;
  }
  memcpy(buffer, found->second.c_str(), found->second.size() + 1);
  return kSuccess;
}

spank_err_t spank_setenv(spank_t, const char* name, const char* value, int overwrite) {
  ++host().calls;
  if (host().refuse_setenv) return ESPANK_BAD_ARG;
  if (overwrite == 0 && host().job_env.count(name) != 0) return ESPANK_ENV_EXISTS;
  host().job_env[name] = value;
  return kSuccess;
}

spank_err_t spank_unsetenv(spank_t, const char* name) {
  ++host().calls;
  host().job_env.erase(name);
  return kSuccess;
}

const char* spank_strerror(spank_err_t err) {
  return err == ESPANK_NOSPACE ? "Buffer too small" : "Other error";
}

void slurm_error(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sabot::test::log_line(format, arguments);
  va_end(arguments);
}

void slurm_info(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sabot::test::log_line(format, arguments);
  va_end(arguments);
}
}
