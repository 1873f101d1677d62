// SPDX-License-Identifier: Apache-2.0
// decompress_gzip.cc: the one file that includes ISA-L. Layer decompression is the wall an import runs into.
#include "images/decompress.h"

#ifdef SABOT_HAVE_ISAL

#include <isa-l/igzip_lib.h>

#include <cstring>
#include <vector>

#include "sys/error.h"

namespace sabot::images {
namespace {

class Gunzip : public ByteSource {
 public:
  explicit Gunzip(ByteSource& from) : from_(from), input_(std::size_t{256} << 10) { begin_member(); }

  std::size_t read(std::span<std::uint8_t> into) override {
    state_.next_out = into.data();
    state_.avail_out = static_cast<std::uint32_t>(std::min<std::size_t>(into.size(), 1u << 30));
    const std::uint32_t room = state_.avail_out;
    while (state_.avail_out == room) {
      if (state_.block_state == ISAL_BLOCK_FINISH && !next_member()) break;
      if (state_.avail_in == 0 && !refill() && !may_still_speak()) throw Refused("truncated gzip data");
      const std::uint32_t in_before = state_.avail_in;
      const int rc = isal_inflate(&state_);
      if (rc != ISAL_DECOMP_OK && rc != ISAL_END_INPUT) throw Refused(reason(rc));
      stuck_ = state_.avail_in == in_before && state_.avail_out == room;
    }
    return room - state_.avail_out;
  }

 private:
  void begin_member() {
    isal_inflate_reset(&state_);
    state_.crc_flag = ISAL_GZIP;  // header and trailer are read, CRC and length checked
    stuck_ = false;
  }

  bool refill() {
    if (input_ended_) return false;
    const std::size_t got = from_.read(input_);
    input_ended_ = got == 0;
    state_.next_in = input_.data();
    state_.avail_in = static_cast<std::uint32_t>(got);
    return got > 0;
  }

  /// Without more input: what was read ahead inside the state may still give output or finish the member.
  bool may_still_speak() const { return !stuck_; }

  /// After a member: at another one (RFC 1952 2.2), or, past any zero bytes, at the end.
  bool next_member() {
    for (;;) {
      if (state_.avail_in == 0 && !refill()) return false;
      if (*state_.next_in != 0) break;
      ++state_.next_in;
      --state_.avail_in;
      padded_ = true;
    }
    if (padded_ || *state_.next_in != 0x1f) throw Refused("garbage after the end of gzip data");
    begin_member();
    return true;
  }

  static const char* reason(int rc) {
    if (rc == ISAL_INCORRECT_CHECKSUM) return "damaged gzip data: wrong checksum";
    if (rc == ISAL_INVALID_WRAPPER || rc == ISAL_UNSUPPORTED_METHOD)
      return "damaged gzip data: no valid header";
    return "damaged gzip data";
  }

  ByteSource& from_;
  std::vector<std::uint8_t> input_;
  inflate_state state_{};
  bool input_ended_ = false;
  bool padded_ = false;
  bool stuck_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> decompress_gzip(ByteSource& from) { return std::make_unique<Gunzip>(from); }

}  // namespace sabot::images

#else

namespace sabot::images {
std::unique_ptr<ByteSource> decompress_gzip(ByteSource& from) { return decompress_with_libarchive(from); }
}  // namespace sabot::images

#endif
