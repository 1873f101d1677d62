#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A file of more than 5 GiB, mostly holes, is read right at any offset, and takes no space to speak of.
. "$(dirname "$0")/common.bash"
need mksquashfs

at() { dd if="$1" bs=64K iflag=skip_bytes,count_bytes skip="$2" count=70001 status=none | sha256sum; }

inside() {
  local size=$(((5 << 30) + 12345)) offset offsets=(0 1 131071 2147483647 2147483648 4294967295 4294967296)
  mkdir tree
  truncate -s $size tree/big
  for offset in "${offsets[@]}" 5000000000 $((size - 5000)); do
    head -c 5000 /dev/urandom | dd of=tree/big bs=5000 oflag=seek_bytes seek=$offset conv=notrunc status=none
  done
  make_image image tree -comp gzip -Xcompression-level 1 -b 1M
  serve image m
  [ "$(stat -c %s m/big)" = $size ] || fail "size is $(stat -c %s m/big)"
  [ "$(stat -c %b m/big)" -lt 40000 ] || fail "holes count as $(stat -c %b m/big) blocks"
  for offset in $((size - 5000)) $((size - 1)) $size "${offsets[@]}" 4999999999 3000000000; do
    [ "$(at tree/big $offset)" = "$(at m/big $offset)" ] || fail "content differs at $offset"
  done
  unserve m
}

start root
