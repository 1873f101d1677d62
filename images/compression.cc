// SPDX-License-Identifier: Apache-2.0
// compression.cc: the words for how an image is compressed. Declared in import.h; a command line reads them
// without being able to import.
#include "images/import.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sabot::images {

Compression parse_compression(const std::string& word) {
  if (word == "zstd") return Compression::zstd;
  if (word == "gzip") return Compression::gzip;
  if (word == "xz") return Compression::xz;
  if (word == "lz4") return Compression::lz4;
  throw Refused("unknown compression '" + printable(word) + "'; there are zstd, gzip, xz, lz4");
}

}  // namespace sabot::images
