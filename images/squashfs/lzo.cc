// SPDX-License-Identifier: Apache-2.0
// lzo.cc: see lzo.h. Every read and write is checked against its end: what is read is a stranger's.
#include "images/squashfs/lzo.h"

#include <new>

namespace sabot::images {
namespace {

/// What the number of literals before an instruction makes of it: see lzo.rst, "state".
constexpr unsigned kAfterRun = 4;

class Lzo {
 public:
  Lzo(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) : in_(in), out_(out) {}

  std::int64_t run() {
    if (in_.empty()) return -1;
    if (in_[0] > 17) {  // the first byte alone may say so: that many literals less 17
      const unsigned count = byte() - 17u;
      literals(count);
      state_ = count < 4 ? count : kAfterRun;
    }
    while (good_ && !ended_) instruction(byte());
    return good_ ? static_cast<std::int64_t>(written_) : -1;
  }

 private:
  unsigned byte() {
    if (at_ < in_.size()) return in_[at_++];
    good_ = false;
    return 0;
  }

  unsigned two_bytes() {
    const unsigned low = byte();
    return low | byte() << 8;
  }

  /// A length whose bits in the instruction were zero: each further zero byte is 255 more.
  std::size_t long_length(std::size_t base) {
    for (unsigned next = byte(); good_; next = byte()) {
      if (next != 0) return base + next;
      base += 255;
      if (base > out_.size()) good_ = false;
    }
    return 0;
  }

  void instruction(unsigned code) {
    if (code >= 128) {
      near_match(code, 5 + ((code >> 5) & 3));
    } else if (code >= 64) {
      near_match(code, 3 + ((code >> 5) & 1));
    } else if (code >= 32) {
      const std::size_t length = (code & 31) != 0 ? 2 + (code & 31) : long_length(2 + 31);
      const unsigned word = two_bytes();
      match((word >> 2) + 1, length, word & 3);
    } else if (code >= 16) {
      far_match(code);
    } else if (state_ == 0) {
      literals(code != 0 ? 3 + code : long_length(3 + 15));
      state_ = kAfterRun;
    } else {
      const std::size_t distance = (std::size_t{byte()} << 2) + (code >> 2);
      match(distance + (state_ == kAfterRun ? 2049 : 1), state_ == kAfterRun ? 3 : 2, code & 3);
    }
  }

  void near_match(unsigned code, std::size_t length) {
    match((std::size_t{byte()} << 3) + ((code >> 2) & 7) + 1, length, code & 3);
  }

  void far_match(unsigned code) {
    const std::size_t length = (code & 7) != 0 ? 2 + (code & 7) : long_length(2 + 7);
    const unsigned word = two_bytes();
    const std::size_t distance = 16384 + (std::size_t{code & 8} << 11) + (word >> 2);
    if (distance == 16384) {
      ended_ = true;
    } else {
      match(distance, length, word & 3);
    }
  }

  /// Copies may overlap what they write: byte by byte.
  void match(std::size_t distance, std::size_t length, unsigned literals_after) {
    if (!good_ || distance > written_ || length > out_.size() - written_) {
      good_ = false;
      return;
    }
    for (; length > 0; --length, ++written_) out_[written_] = out_[written_ - distance];
    literals(literals_after);
    state_ = literals_after;
  }

  void literals(std::size_t count) {
    if (!good_ || count > in_.size() - at_ || count > out_.size() - written_) {
      good_ = false;
      return;
    }
    for (; count > 0; --count) out_[written_++] = in_[at_++];
  }

  std::span<const std::uint8_t> in_;
  std::span<std::uint8_t> out_;
  std::size_t at_ = 0;
  std::size_t written_ = 0;
  unsigned state_ = 0;
  bool good_ = true;
  bool ended_ = false;
};

struct Decompressor : sqfs_compressor_t {};

void destroy(sqfs_object_t* object) {
  delete static_cast<Decompressor*>(reinterpret_cast<sqfs_compressor_t*>(object));
}
sqfs_object_t* copy(const sqfs_object_t* object) {
  const auto* from = static_cast<const Decompressor*>(reinterpret_cast<const sqfs_compressor_t*>(object));
  auto* made = new (std::nothrow) Decompressor(*from);
  return made != nullptr ? &made->base : nullptr;
}
void get_configuration(const sqfs_compressor_t*, sqfs_compressor_config_t* config) {
  *config = {};
  config->id = SQFS_COMP_LZO;
}
int no_options(sqfs_compressor_t*, sqfs_file_t*) { return 0; }
sqfs_s32 do_block(sqfs_compressor_t*, const sqfs_u8* in, sqfs_u32 size, sqfs_u8* out, sqfs_u32 out_size) {
  const std::int64_t got = lzo_decompress({in, size}, {out, out_size});
  return got > 0 ? static_cast<sqfs_s32>(got) : SQFS_ERROR_COMPRESSOR;
}

}  // namespace

std::int64_t lzo_decompress(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
  return Lzo(in, out).run();
}

Sqfs<sqfs_compressor_t> make_lzo_decompressor() {
  auto* made = new Decompressor{};
  made->base.destroy = destroy;
  made->base.copy = copy;
  made->get_configuration = get_configuration;
  made->write_options = no_options;
  made->read_options = no_options;
  made->do_block = do_block;
  return Sqfs<sqfs_compressor_t>(made);
}

}  // namespace sabot::images
