// SPDX-License-Identifier: Apache-2.0
// seating.cc: see seating.h.
#include "placement/seating.h"

#include <charconv>

#include "sys/error.h"
#include "sys/files.h"

namespace sabot::placement {
namespace {

std::string_view take_until(std::string_view& text, char end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

// The value of `name` where `line` goes on with it.
std::string_view field(std::string_view& line, std::string_view name) {
  std::string_view word = take_until(line, ' ');
  if (!word.starts_with(name))
    throw Refused("'" + printable(word) + "' where " + std::string(name) + " is due");
  return word.substr(name.size());
}

unsigned number(std::string_view text) {
  unsigned value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (err != std::errc{} || end != text.data() + text.size())
    throw Refused("'" + printable(text) + "' is no number");
  return value;
}

std::string joined(const std::vector<unsigned>& numbers) {
  std::string text;
  for (const unsigned one : numbers) text += (text.empty() ? "" : ",") + std::to_string(one);
  return text;
}

}  // namespace

std::vector<unsigned> gpu_numbers(std::string_view list) {
  std::vector<unsigned> numbers;
  while (!list.empty()) {
    const std::string_view word = take_until(list, ',');
    unsigned value = 0;
    const auto [end, err] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (err != std::errc{} || end != word.data() + word.size()) return {};
    numbers.push_back(value);
  }
  return numbers;
}

Question parse_question(std::string_view text) {
  Question asked;
  std::string_view line = take_until(text, '\n');
  asked.pin = parse_pin(field(line, "pin="));
  asked.step.threads_per_rank = number(field(line, "threads="));
  while (!text.empty()) {
    line = take_until(text, '\n');
    if (asked.step.ranks.size() == kMaxRanks) throw Refused("too many ranks to place");
    Rank rank;
    rank.mask = CpuSet::parse(field(line, "cpus="));
    rank.gpus = gpu_numbers(field(line, "gpus="));
    asked.step.ranks.push_back(std::move(rank));
  }
  return asked;
}

std::string format_answer(const std::vector<Placement>& placements) {
  std::string text;
  for (const Placement& placed : placements)
    text += "cpus=" + placed.cpus.list() + " memory=" + placed.memory.list() +
            " strict=" + (placed.strictly ? "1" : "0") + " gpus=" + joined(placed.gpus) + "\n";
  return text;
}

}  // namespace sabot::placement
