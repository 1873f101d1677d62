// SPDX-License-Identifier: Apache-2.0
// process_state.h: all of a process that a guest could change for its host: rule S10 of the threat model.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace sabot::test {

struct ProcessState {
  std::map<int, std::string> descriptors;  // number to what it is
  std::vector<std::string> signals;        // dispositions, by number
  std::string signal_mask;
  std::string umask;
  std::string cwd;
  std::vector<std::string> environment;
  std::string threads;
  std::string locale;
  std::string limits;
  std::string children;
};

ProcessState process_state();

/// What differs, one line each; empty when nothing does.
std::string difference(const ProcessState& before, const ProcessState& after);

}  // namespace sabot::test
