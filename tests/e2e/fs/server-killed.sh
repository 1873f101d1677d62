#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# When the server is killed, every reader that waits for it gets an error within 2 s: one process alone held the device.
. "$(dirname "$0")/common.bash"
need mksquashfs timeout
export ASAN_OPTIONS=handle_segv=0 # a sanitized server is to die of it, too, not to report while it serves on

holders() { # processes that have /dev/fuse open
  local fd
  for fd in /proc/[0-9]*/fd/*; do
    [ "$(readlink "$fd" 2>/dev/null)" = /dev/fuse ] && echo "${fd%/fd/*}"
  done | sort -u
}

readers_ended() { ! kill -0 "$@" 2>/dev/null; }

inside() {
  local i signal reader readers from took
  mkdir tree
  for i in $(seq 8); do head -c 3000000 /dev/urandom >"tree/$i"; done
  make_image image tree
  for signal in KILL SEGV; do
    serve image m
    [ "$(holders | grep -c "/proc/$SERVER\$")" = 1 ] || fail "the server does not hold the device"
    kill -STOP "$SERVER" # it answers nothing from here on: the readers wait
    readers=()
    for i in $(seq 8); do
      cat "m/$i" >/dev/null 2>"said.$i" &
      readers+=($!)
    done
    for reader in "${readers[@]}"; do
      until grep -q '^State:.*[DS] ' "/proc/$reader/status" && [ "$(cat "/proc/$reader/comm")" = cat ]; do sleep 0.01; done
    done
    from=$(date +%s%N)
    kill -"$signal" "$SERVER"
    kill -CONT "$SERVER" 2>/dev/null
    for i in $(seq 8); do
      wait "${readers[i - 1]}" && fail "$signal: reader $i saw no error"
      [ -s "said.$i" ] || fail "$signal: reader $i said nothing"
    done
    took=$((($(date +%s%N) - from) / 1000000))
    [ $took -lt 2000 ] || fail "$signal: readers waited for $took ms"
    wait "$SERVER" 2>/dev/null
    SERVER=
    umount m || fail "cannot unmount"
  done
}

start root user
