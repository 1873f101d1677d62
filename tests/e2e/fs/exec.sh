#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Programs and their libraries run from the mount: exec and mmap.
. "$(dirname "$0")/common.bash"
need mksquashfs ldd chroot

inside() {
  local file sh
  sh=$(readlink -f /bin/sh)
  mkdir -p tree/bin
  cp /bin/true tree/bin/true
  cp "$sh" tree/bin/sh
  for file in $(ldd /bin/true "$sh" | grep -o '/[^ ):]*' | sort -u); do
    case $file in "$sh" | /bin/true) continue ;; esac
    mkdir -p "tree$(dirname "$file")"
    cp -L "$file" "tree$file"
  done
  printf '#!/bin/sh\necho script $1\n' >tree/bin/script
  chmod 755 tree/bin/script
  make_image image tree -comp zstd
  serve image m
  chroot m /bin/true || fail "cannot run /bin/true"
  [ "$(chroot m /bin/sh -c 'echo $((6 * 7))')" = 42 ] || fail "cannot run /bin/sh"
  [ "$(chroot m /bin/script one)" = "script one" ] || fail "cannot run a script"
  chroot m /bin/sh -c ': >/bin/new' 2>/dev/null && fail "the mount is writable"
  unserve m
}

start root user
