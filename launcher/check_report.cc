// SPDX-License-Identifier: Apache-2.0
// check_report.cc: see check_report.h.
#include "check_report.h"

#include <algorithm>
#include <sstream>

#include "json_text.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot {
namespace {

// One row per result, in the order of CheckResult.
struct Row {
  const char* word;    // in JSON and from stage1
  const char* shown;   // to people
  const char* colour;  // ECMA-48
};
constexpr Row kRows[] = {{"ok", "ok", "\033[32m"},
                         {"warning", "warning", "\033[33m"},
                         {"failed", "FAILED", "\033[31m"},
                         {"skipped", "skipped", "\033[2m"}};

const Row& row_of(CheckResult result) { return kRows[static_cast<int>(result)]; }

CheckResult result_of(const std::string& word) {
  for (int i = 0; i < 4; ++i)
    if (word == kRows[i].word) return static_cast<CheckResult>(i);
  throw Refused("sabot-stage1 says '" + printable(word) + "': it is of another release of Sabot");
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

}  // namespace

std::vector<CheckStep> parse_check_lines(const std::string& text) {
  std::vector<CheckStep> steps;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields{line};
    CheckStep step;
    std::string word;
    std::getline(fields, step.step, '\t');
    std::getline(fields, word, '\t');
    std::getline(fields, step.detail, '\t');
    std::getline(fields, step.remedy, '\t');
    step.result = result_of(word);
    steps.push_back(step);
  }
  return steps;
}

// What was not tried is not known to work.
bool would_fail(const std::vector<CheckStep>& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const CheckStep& step) {
    return step.result == CheckResult::failed || step.result == CheckResult::skipped;
  });
}

std::string check_table(const std::vector<CheckStep>& steps, bool colour) {
  constexpr std::size_t kResultColumn = 9;
  std::size_t width = 0;
  for (const CheckStep& step : steps) width = std::max(width, step.step.size() + 2);
  std::string text;
  for (const CheckStep& step : steps) {
    const Row& row = row_of(step.result);
    const std::string result = padded(row.shown, kResultColumn);
    text += colour ? row.colour + result + "\033[0m" : result;
    text += padded(printable(step.step), width) + printable(step.detail) + "\n";
    if (!step.remedy.empty()) text += std::string(kResultColumn + 2, ' ') + printable(step.remedy) + "\n";
  }
  const auto failed = std::count_if(steps.begin(), steps.end(),
                                    [](const CheckStep& step) { return step.result == CheckResult::failed; });
  text += !would_fail(steps) ? "A launch works here.\n"
                             : "A launch fails here: " + std::to_string(failed) + " of " +
                                   std::to_string(steps.size()) + " steps FAILED.\n";
  return text;
}

std::string check_json(const std::vector<CheckStep>& steps) {
  std::string text;
  for (const CheckStep& step : steps) {
    JsonObject object;
    object.add("step", step.step);
    object.add("result", std::string(row_of(step.result).word));
    object.add("detail", step.detail);
    object.add("remedy", step.remedy);
    text += (text.empty() ? "[" : ",\n ") + object.text();
  }
  return (text.empty() ? "[" : text) + "]\n";
}

}  // namespace sabot
