#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Mount points and files that the image lacks are there, can be mounted on, and belong to the caller.
. "$(dirname "$0")/common.bash"
need mksquashfs

inside() {
  mkdir -p tree/etc tree/usr/lib
  echo image >tree/etc/passwd
  ln -s usr/lib tree/lib
  ln -s /run/stub tree/etc/resolv.conf
  [ "$MODE" = root ] && chown -R 1000:1000 tree
  make_image image tree
  serve image m --add-dir /scratch/u --add-dir /lib/site --add-file /etc/passwd=ours --add-file /etc/resolv.conf=dns
  [ "$(stat -c '%F %a %u %g %h' m/scratch/u)" = "directory 755 0 0 2" ] || fail "$(stat -c '%F %a %u %g %h' m/scratch/u)"
  [ "$(stat -c '%u %g' m/usr m/etc/passwd m/lib | sort -u)" = "0 0" ] || fail "not all is the caller's"
  [ -d m/usr/lib/site ] || fail "a mount point behind a symlink is missing"
  [ "$(cat m/etc/passwd)" = ours ] || fail "the image's file was not replaced"
  [ "$(cat m/run/stub)" = dns ] || fail "a file behind a symlink is missing"
  [ "$(readlink m/etc/resolv.conf)" = /run/stub ] || fail "the symlink itself was replaced"
  mount -t tmpfs t m/scratch/u && : >m/scratch/u/f || fail "cannot mount on a synthetic directory"
  mount --bind tree/etc/passwd m/etc/passwd || fail "cannot bind onto a synthetic file"
  [ "$(cat m/etc/passwd)" = image ] || fail "the bind does not show"
  umount m/etc/passwd m/scratch/u
  "$TOOL" image m2 --add-dir /etc/passwd/x 2>message && fail "a file in the way was not refused"
  grep -q "'/etc/passwd' is not a directory" message || fail "said: $(cat message)"
  unserve m
}

start root user
