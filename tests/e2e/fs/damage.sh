#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A cut or overwritten image is an error, at the mount or at the read, and nothing hangs.
. "$(dirname "$0")/common.bash"
need mksquashfs timeout

refused() { # IMAGE WORDS
  timeout 10 "$TOOL" "$1" m 2>message
  local status=$?
  [ $status = 125 ] || fail "$1: ended with $status"
  [ "$(wc -l <message)" = 1 ] && grep -q "$2" message || fail "$1: said: $(cat message)"
}

inside() {
  local size
  mkdir -p tree m
  head -c 20000000 /dev/urandom >tree/data
  make_image image tree
  size=$(stat -c %s image)
  head -c $((size / 2)) image >half
  head -c 50 image >short
  head -c 100000 /dev/zero >zeros
  refused half "cut short"
  refused short "too short"
  refused zeros "magic"
  refused /dev/null "too short"

  # Zeros where the stored blocks of a compressed file were.
  mkdir text && seq 5000000 >text/data
  make_image damaged text -comp zstd
  dd if=/dev/zero of=damaged bs=1000 seek=1 count=200 conv=notrunc status=none
  serve damaged m
  ls -l m >/dev/null || fail "the listing is damaged too"
  timeout 10 cat m/data >/dev/null 2>message
  [ $? = 1 ] && grep -q 'Input/output error' message || fail "damaged data: $(cat message)"
  unserve m

  serve image m
  truncate -s 1000000 image
  timeout 10 cat m/data >/dev/null 2>message
  [ $? = 1 ] && grep -q 'Input/output error' message || fail "cut while mounted: $(cat message)"
  unserve m
}

start root user
