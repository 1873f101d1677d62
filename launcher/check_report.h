// SPDX-License-Identifier: Apache-2.0
// check_report.h: what `sabot check` found, step by step, and how it is shown. Pure.
// Not here: finding it (check.cc, check_slurm.h, stage1-hpc/check.h).
#pragma once

#include <string>
#include <vector>

namespace sabot {

enum class CheckResult { ok, warning, failed, skipped };

struct CheckStep {
  std::string step;
  CheckResult result = CheckResult::ok;
  std::string detail;  ///< what was tried or found, one line
  std::string remedy;  ///< what an administrator would do; empty where there is nothing to do
};

/// The lines that `sabot-stage1 --check` prints. Throws Refused for a line of another form.
std::vector<CheckStep> parse_check_lines(const std::string& text);

/// Whether a launch would fail.
bool would_fail(const std::vector<CheckStep>& steps);

/// One line a step, its remedy indented below it, and a last line that sums up.
std::string check_table(const std::vector<CheckStep>& steps, bool colour);

/// A list of objects: step, result (`ok`, `warning`, `failed`, `skipped`), detail, remedy.
std::string check_json(const std::vector<CheckStep>& steps);

}  // namespace sabot
