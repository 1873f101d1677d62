#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The server ends with 0 when its mount is gone and not before; it keeps no path; the kernel keeps what it read.
. "$(dirname "$0")/common.bash"
need mksquashfs fincore

inside() {
  local signal
  mkdir tree
  head -c 3000000 /dev/urandom >tree/data
  make_image image tree

  serve image m
  mv image moved && rm moved # the server has its descriptor
  cmp -s tree/data m/data || fail "content differs after the image's name is gone"
  [ "$(fincore -bno RES m/data)" -ge 3000000 ] || fail "a second open dropped the pages of the first"
  ls /proc/$SERVER/fd -l >fds
  grep -q " -> $WORK/m$" fds && fail "the server holds its own mount"
  unserve m

  make_image image tree
  serve image m
  exec 9<m/data
  umount -l m
  kill -0 "$SERVER" 2>/dev/null || fail "the server ended while a file was open"
  [ "$(head -c 3000000 <&9 | sha256sum)" = "$(sha256sum <tree/data)" ] || fail "content differs after a lazy unmount"
  exec 9<&-
  server_ends "the last close"

  for signal in TERM INT; do
    serve image m
    kill -$signal "$SERVER"
    server_ends "SIG$signal"
    mountpoint -q m && fail "the mount outlived SIG$signal"
  done

  # The mount lives on in another namespace alone, and goes with it.
  serve image m
  mkfifo entered leave
  unshare -m --propagation private bash -c 'echo >entered; read -r <leave; sha256sum <m/data >sum' &
  local inner=$!
  read -r <entered
  umount -l m
  kill -0 "$SERVER" 2>/dev/null || fail "the server ended while another namespace had the mount"
  echo >leave
  wait $inner || fail "cannot read in the other namespace"
  [ "$(cat sum)" = "$(sha256sum <tree/data)" ] || fail "content differs in the other namespace"
  server_ends "the end of the other namespace"
}

start root user
