// SPDX-License-Identifier: Apache-2.0
// compression.cc: the words for how an image is compressed. Declared in import.h; a command line reads them
// without being able to import.
#include <charconv>

#include "images/import.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {
namespace {

struct Word {
  std::string_view word;
  Compression compression;
  int highest_level;  // the lowest is 1; 0: it has no levels
};
constexpr Word kWords[] = {{"zstd", Compression::zstd, 22},
                           {"gzip", Compression::gzip, 9},
                           {"xz", Compression::xz, 9},
                           {"lz4", Compression::lz4, 0},
                           {"none", Compression::none, 0}};

}  // namespace

void set_compression(ImportOptions& options, const std::string& text) {
  const std::size_t colon = text.find(':');
  for (const Word& known : kWords) {
    if (known.word != std::string_view(text).substr(0, colon)) continue;
    int level = 0;
    if (colon != std::string::npos) {
      const char* end = text.data() + text.size();
      const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, level);
      if (error != std::errc{} || stop != end || level < 1 || level > known.highest_level)
        throw Refused("compression '" + printable(text) + "': " + std::string(known.word) +
                      (known.highest_level == 0
                           ? " has no levels"
                           : " has levels from 1 to " + std::to_string(known.highest_level)));
    }
    options.compression = known.compression;
    options.compression_level = level;
    return;
  }
  throw Refused("unknown compression '" + printable(text) + "'; there are zstd, gzip, xz, lz4, none");
}

std::string format_compression(const ImportOptions& options) {
  for (const Word& known : kWords)
    if (known.compression == options.compression)
      return std::string(known.word) +
             (options.compression_level != 0 ? ":" + std::to_string(options.compression_level) : "");
  throw Refused("unknown compression");
}

}  // namespace sabot::images
