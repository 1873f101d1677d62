// SPDX-License-Identifier: Apache-2.0
// writer.cc: the data half of the writer, on libsquashfs's threaded block processor. See writer.h.
#include "images/squashfs/writer.h"

#include <sched.h>
#include <sqfs/xattr.h>

#include <algorithm>
#include <vector>

#include "images/squashfs/writer_state.h"
#include "sys/error.h"

namespace sabot::images {
namespace {

constexpr unsigned kMaxThreads = 64;       // beyond, one reader cannot feed them
constexpr unsigned kBlocksPerThread = 16;  // in flight; 2 MiB per thread at our block size
constexpr std::uint64_t kPadBytes =
    4096;  // the kernel's loop device wants whole pages; mksquashfs does it too

SQFS_COMPRESSOR id_of(Compression compression) {
  switch (compression) {
    case Compression::zstd:
      return SQFS_COMP_ZSTD;
    case Compression::gzip:
      return SQFS_COMP_GZIP;
    case Compression::xz:
      return SQFS_COMP_XZ;
    case Compression::lz4:
      return SQFS_COMP_LZ4;
    case Compression::none:
      return SQFS_COMP_GZIP;  // a number there must be; nothing is packed with it
  }
  throw Refused("unknown compression");
}

int level_of(const ImportOptions& options) {
  if (options.compression == Compression::lz4 || options.compression == Compression::none) return 0;
  if (options.compression_level != 0) return options.compression_level;
  return options.compression == Compression::zstd ? 3 : 6;  // zstd 3: as fast as reading layers
}

unsigned threads_of(const ImportOptions& options) {
  if (options.threads != 0) return std::min(options.threads, kMaxThreads);
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return std::clamp(static_cast<unsigned>(CPU_COUNT(&allowed)), 1u, kMaxThreads);
}

}  // namespace

SquashfsWriter::State::State(int fd, const ImportOptions& options)
    : file(fd, 0),
      compressor(make_compressor(id_of(options.compression), options.block_size, level_of(options), false)),
      decompressor(make_compressor(id_of(options.compression), options.block_size, level_of(options), true)),
      sink(file),
      fragments(own(sqfs_frag_table_create(0), "fragment table")) {
  if (options.compression == Compression::none) leave_uncompressed(*compressor);
  if (sqfs_super_init(&super, options.block_size, 0, id_of(options.compression)) != 0)
    throw Refused("a block size of " + std::to_string(options.block_size) +
                  " bytes; squashfs has powers of two from 4096 to 1048576");
  check_sqfs(sqfs_super_write(&super, &file), "write superblock", file);
  const int options_written = compressor->write_options(compressor.get(), &file);
  check_sqfs(options_written, "write compressor options", file);
  if (options_written > 0) super.flags |= SQFS_FLAG_COMPRESSOR_OPTIONS;

  sqfs_block_processor_desc_t wanted{};
  wanted.size = sizeof wanted;
  wanted.max_block_size = options.block_size;
  wanted.num_workers = threads_of(options);
  wanted.max_backlog = wanted.num_workers * kBlocksPerThread;
  wanted.cmp = compressor.get();
  wanted.wr = &sink;
  wanted.tbl = fragments.get();
  wanted.file =
      &file;  // with uncmp: a tail that looks like another is compared, not trusted to its 32 bit hash
  wanted.uncmp = decompressor.get();
  sqfs_block_processor_t* made = nullptr;
  check_sqfs(sqfs_block_processor_create_ex(&wanted, &made), "start block processor", file);
  processor.reset(made);
}

SquashfsWriter::State::~State() {
  if (processor) {  // blocks still queued would be leaked by the library
    if (in_file) sqfs_block_processor_end_file(processor.get());
    sqfs_block_processor_sync(processor.get());
  }
  processor.reset();
  for (sqfs_inode_generic_t* inode : files) sqfs_free(inode);
}

SquashfsWriter::SquashfsWriter(int fd, const ImportOptions& options)
    : state_(std::make_unique<State>(fd, options)) {}

SquashfsWriter::~SquashfsWriter() = default;

std::uint32_t SquashfsWriter::begin_file() {
  sqfs_inode_generic_t*& inode = state_->files.emplace_back(nullptr);
  check_sqfs(sqfs_block_processor_begin_file(state_->processor.get(), &inode, nullptr, 0), "begin file",
             state_->file);
  state_->in_file = true;
  return static_cast<std::uint32_t>(state_->files.size() - 1);
}

void SquashfsWriter::append(std::span<const std::uint8_t> bytes) {
  check_sqfs(sqfs_block_processor_append(state_->processor.get(), bytes.data(), bytes.size()),
             "write file data", state_->file);
}

void SquashfsWriter::append_zeros(std::uint64_t bytes) {
  static constexpr std::uint8_t kZeros[std::size_t{64} << 10] = {};
  while (bytes > 0) {
    const std::size_t piece = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, sizeof kZeros));
    append({kZeros, piece});
    bytes -= piece;
  }
}

void SquashfsWriter::end_file() {
  state_->in_file = false;
  check_sqfs(sqfs_block_processor_end_file(state_->processor.get()), "end file", state_->file);
}

SquashfsWriter::Written SquashfsWriter::finish(Node& root) {
  State& s = *state_;
  check_sqfs(sqfs_block_processor_finish(s.processor.get()), "write file data", s.file);
  Written written{};
  written.inode_count = write_tree(root, s.files, s.file, s.compressor.get(), s.fragments.get(), &s.super);
  s.super.inode_count = written.inode_count;
  s.super.bytes_used = s.file.size;
  const std::uint64_t padded = (s.file.size + kPadBytes - 1) / kPadBytes * kPadBytes;
  check_sqfs(s.file.truncate(&s.file, s.file.size), "cut file", s.file);  // what a duplicate left at the end
  check_sqfs(s.file.truncate(&s.file, padded), "pad file", s.file);
  check_sqfs(sqfs_super_write(&s.super, &s.file), "write superblock", s.file);
  written.size_bytes = padded;
  return written;
}

bool squashfs_holds_xattr(std::string_view name) {
  return sqfs_get_xattr_prefix_id(std::string(name).c_str()) >= 0;
}

}  // namespace sabot::images
