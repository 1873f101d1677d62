// SPDX-License-Identifier: Apache-2.0
// importer.cc: see importer.h. Arguments and answer are lines NAME=VALUE; the two programs are of one
// release.
#include "importer.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>

#include "programs.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

constexpr int kAnswerBytes = 1 << 20;

pid_t start(const std::vector<std::string>& words, int output) {
  std::vector<char*> argv = argv_of(words);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t child = -1;
  const int failed = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw Error(failed, "start " + words[0]);
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  return status;
}

std::uint32_t number_of(const std::string& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    throw UsageError("no number: " + printable(text));
  return number;
}

// "name=value" in two.
std::pair<std::string, std::string> split(const std::string& line) {
  const std::size_t equals = line.find('=');
  if (equals == line.npos) throw UsageError("sabot-import is an internal program; use sabot image import");
  return {line.substr(0, equals), line.substr(equals + 1)};
}

}  // namespace

std::vector<std::string> encode_job(const ImportJob& job) {
  return {"store=" + job.store,
          "source=" + job.source,
          "name=" + job.name,
          "title=" + job.title,
          "config=" + job.config,
          "compression=" + images::format_compression(job.options),
          "block-size=" + std::to_string(job.options.block_size),
          "arch=" + job.options.architecture,
          "pull=" + images::to_word(job.pull)};
}

ImportJob decode_job(const std::vector<std::string>& arguments) {
  ImportJob job;
  for (const std::string& argument : arguments) {
    const auto [name, value] = split(argument);
    if (name == "store") {
      job.store = value;
    } else if (name == "source") {
      job.source = value;
    } else if (name == "name") {
      job.name = value;
    } else if (name == "title") {
      job.title = value;
    } else if (name == "config") {
      job.config = value;
    } else if (name == "compression") {
      images::set_compression(job.options, value);
    } else if (name == "block-size") {
      job.options.block_size = number_of(value);
    } else if (name == "arch") {
      job.options.architecture = value;
    } else if (name == "pull") {
      job.pull = images::parse_pull_policy(value);
    } else {
      throw UsageError("sabot-import does not know '" + printable(name) + "'");
    }
  }
  if (job.store.empty() || job.source.empty())
    throw UsageError("sabot-import is an internal program; use sabot image import");
  return job;
}

std::string encode_answer(const ImportAnswer& answer) {
  std::string text = "digest=" + answer.digest + "\n";
  for (const std::string& note : answer.notes) text += "note=" + printable(note) + "\n";
  return text;
}

ImportAnswer decode_answer(const std::string& text) {
  ImportAnswer answer;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
    const auto [name, value] = split(text.substr(begin, end - begin));
    if (name == "digest") answer.digest = value;
    if (name == "note") answer.notes.push_back(value);
  }
  return answer;
}

ImportAnswer run_importer(const ImportJob& job) {
  std::vector<std::string> words = encode_job(job);
  words.insert(words.begin(), libexec_program("sabot-import"));
  std::array<int, 2> pair{};
  check(::pipe2(pair.data(), O_CLOEXEC), "pipe");
  UniqueFd from{pair[0]};
  UniqueFd to{pair[1]};
  const pid_t child = start(words, to.get());
  to.reset();
  const std::string said = read_all(from.get(), kAnswerBytes);
  const int status = wait_for(child);
  if (WIFSIGNALED(status))
    throw Refused("the import was ended by signal " + std::to_string(WTERMSIG(status)) + " (" +
                  ::strsignal(WTERMSIG(status)) + ")");
  if (WEXITSTATUS(status) == kExitUsage) throw UsageError(said);
  if (WEXITSTATUS(status) != 0) throw Refused(said);
  return decode_answer(said);
}

Importer importer_for_launch(const std::string& config) {
  return [config](const images::Reference& source, const std::string& store, images::PullPolicy pull) {
    return run_importer({store, source.text, "", "import", config, {}, pull}).digest;
  };
}

}  // namespace sabot
