#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Eight readers at once each see the same tree.
. "$(dirname "$0")/common.bash"
need mksquashfs

inside() {
  local i reader readers=()
  mkdir -p tree/{a,b,c}/{d,e}
  for i in $(seq 60); do
    for dir in tree/*/*; do head -c $((i * 7001)) /dev/urandom >"$dir/$i"; done
  done
  (cd tree && find . -type f -print0 | sort -z | xargs -0 sha256sum) >expected
  make_image image tree -comp zstd
  serve image m
  for i in $(seq 8); do
    (cd m && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"found.$i" &
    readers+=($!)
  done
  for reader in "${readers[@]}"; do wait "$reader" || fail "a reader failed"; done
  for i in $(seq 8); do cmp -s expected "found.$i" || fail "reader $i differs"; done
  unserve m
}

start root user
