#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# 64 readers at once (SABOT_READERS) each see the same tree, which is what unsquashfs unpacks.
. "$(dirname "$0")/common.bash"
need mksquashfs unsquashfs

inside() {
  local i reader readers=() all=${SABOT_READERS:-64}
  mkdir -p tree/{a,b,c}/{d,e}
  for i in $(seq 60); do
    for dir in tree/*/*; do head -c $((i * 1501)) /dev/urandom >"$dir/$i"; done
  done
  make_image image tree -comp zstd -b 16K
  unsquashfs -quiet -no-progress -d unpacked image >/dev/null || fail "unsquashfs"
  (cd unpacked && find . -type f -print0 | sort -z | xargs -0 sha256sum) >expected
  serve image m
  for i in $(seq "$all"); do
    (cd m && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"found.$i" &
    readers+=($!)
  done
  for reader in "${readers[@]}"; do wait "$reader" || fail "a reader failed"; done
  for i in $(seq "$all"); do cmp -s expected "found.$i" || fail "reader $i differs"; done
  unserve m
}

start root user
