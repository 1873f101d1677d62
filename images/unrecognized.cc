// SPDX-License-Identifier: Apache-2.0
// unrecognized.cc: see unrecognized.h.
#include "images/unrecognized.h"

#include <algorithm>
#include <string_view>

#include "sys/files.h"

namespace sabot::images {
namespace {

struct Known {
  std::string_view begins;
  const char* what;
};
constexpr Known kKnown[] = {
    {"\x7f"
     "ELF",
     "a program or library (ELF)"},
    {"#!", "a script"},
    {"PK\x03\x04", "a zip archive"},
    {"QFI\xfb", "a disk image of a virtual machine (qcow2)"},
    {"%PDF", "a PDF document"},
    {"FROM ", "a Dockerfile, which has to be built first"},
    {"{", "JSON or text"},
};

bool is_text(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t c) {
    return c >= 0x20 ? c != 0x7f : c == '\n' || c == '\t' || c == '\r';
  });
}

std::string beginning(std::string_view bytes) {
  return "'" + printable(bytes.substr(0, std::min<std::size_t>(bytes.find('\n'), 32))) + "'";
}

std::string looks_like(std::span<const std::uint8_t> first) {
  const std::string_view bytes{reinterpret_cast<const char*>(first.data()), first.size()};
  for (const Known& known : kKnown)
    if (bytes.starts_with(known.begins)) return known.what;
  if (is_text(first)) return "text that begins with " + beginning(bytes);
  return "unknown data that begins with " + beginning(bytes.substr(0, 8));
}

}  // namespace

std::string not_an_image(std::span<const std::uint8_t> first) {
  return "no image, but " + looks_like(first) +
         "; an image is a squashfs file, a root file system as a directory or tar, an OCI layout, or what "
         "docker save writes";
}

}  // namespace sabot::images
