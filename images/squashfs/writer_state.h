// SPDX-License-Identifier: Apache-2.0
// writer_state.h: what the two halves of the writer share: data (writer.cc) and tree (tree_writer.cc).
#pragma once

#include <sqfs/block_processor.h>
#include <sqfs/frag_table.h>
#include <sqfs/super.h>

#include <deque>

#include "images/squashfs/block_sink.h"
#include "images/squashfs/handles.h"
#include "images/squashfs/writer.h"

namespace sabot::images {

struct SquashfsWriter::State {
  State(int fd, const ImportOptions& options);
  ~State();

  // Members are in the order in which each needs those before it.
  FdFile file;
  sqfs_super_t super{};
  Sqfs<sqfs_compressor_t> compressor;
  Sqfs<sqfs_compressor_t> decompressor;
  BlockSink sink;
  Sqfs<sqfs_frag_table_t> fragments;
  std::deque<sqfs_inode_generic_t*> files;  // the block processor keeps pointers to its elements
  Sqfs<sqfs_block_processor_t> processor;
  bool in_file = false;
};

/// Number the inodes of `root`, write inode and directory tables, ids and extended attributes.
/// Fills in super, except what finish() knows; returns how many inodes there are.
std::uint32_t write_tree(Node& root, const std::deque<sqfs_inode_generic_t*>& files, FdFile& file,
                         sqfs_compressor_t* compressor, sqfs_frag_table_t* fragments, sqfs_super_t* super);

}  // namespace sabot::images
