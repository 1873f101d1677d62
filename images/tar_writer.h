// SPDX-License-Identifier: Apache-2.0
// tar_writer.h: a tar of an image's entries, as layers and ACIs are. Not here: reading one (tar_reader.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "images/image_walk.h"

namespace sabot::images {

class TarWriter {
 public:
  using Sink = std::function<void(std::span<const std::uint8_t>)>;

  /// `prefix` is put before every path of an entry: empty, or a name with a slash behind it.
  TarWriter(Sink sink, std::string prefix);
  ~TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  void add(const ImageEntry& entry, const ReadContent& content);

  /// A file of ours, without the prefix.
  void add_file(const std::string& name, std::string_view bytes);

  /// The end of the archive; nothing may be added after it.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sabot::images
