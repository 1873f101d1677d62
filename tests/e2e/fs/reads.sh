#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An import asks little of the image's file: at most a quarter of squashfuse_ll's reads, hardly a byte twice.
. "$(dirname "$0")/common.bash"
need strace squashfuse_ll perl chroot
export ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace
IMAGE=${SABOT_CACHE:-/var/cache/sabot}/images/debian-mpi.sqsh

# reads FILE: number of reads, their bytes, and the bytes that were read once or more
reads() {
  perl -ne 'next unless /pread64.*, (\d+), (\d+)\)\s+= (\d+)/ or /pread64 resumed.*, (\d+), (\d+)\)\s+= (\d+)/;
    $n++; $bytes += $3; $seen{$_} = 1 for int($2 / 512) .. int(($2 + $3 - 1) / 512);
    END { printf "%d %d %d\n", $n, $bytes, 512 * keys %seen }' "$1"
}

traced() { # COMMAND...: serves m for one import; its reads are in the file `trace`
  strace -f --seccomp-bpf -e trace=pread64 -o trace "$@" &
  SERVER=$!
  local deadline=$((SECONDS + 20))
  until mountpoint -q m; do
    [ $SECONDS -lt $deadline ] || fail "no mount by $1"
    sleep 0.01
  done
  chroot m /usr/bin/python3 -c 'import numpy' || fail "cannot import"
  umount m
  server_ends "umount"
}

inside() {
  local ours theirs bytes once
  [ -r "$IMAGE" ] || skip "no image; tests/images/prepare makes it"
  mkdir m
  traced "$TOOL" "$IMAGE" m --as-recorded
  read -r ours bytes once <<<"$(reads trace)"
  traced squashfuse_ll -f "$IMAGE" m
  read -r theirs _ _ <<<"$(reads trace)"
  echo "reads: $ours of $bytes bytes, $once of them once; squashfuse_ll: $theirs"
  [ "$ours" -gt 10 ] && [ "$theirs" -gt 100 ] || fail "too few reads traced"
  [ $((ours * 4)) -le "$theirs" ] || fail "$ours reads, squashfuse_ll makes $theirs"
  [ $((bytes * 10)) -le $((once * 13)) ] || fail "$bytes bytes read for $once"
}

start root
