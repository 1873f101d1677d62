#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The mounted tree equals what unsquashfs unpacks: names, types, modes, owners, sizes, times, links, xattrs, content.
. "$(dirname "$0")/common.bash"
need mksquashfs unsquashfs tar perl

make_tree() { # DIRECTORY
  mkdir -p "$1"/{usr/{bin,lib/deep/er},etc,empty,closed,'with space'}
  cd "$1"
  ln -s usr/bin bin
  ln -s /usr/lib lib
  ln -s nowhere dangling
  ln -s "$(printf 'x%.0s' {1..3000})" long-link
  echo root:x:0:0 >etc/passwd
  ln etc/passwd usr/hard
  ln etc/passwd etc/hard2
  : >usr/nothing
  for size in 1 511 4095 4096 4097 131071 131072 131073 1000000 5000000; do
    head -c $size /dev/urandom >usr/lib/random.$size
    perl -e 'print substr("text\n" x ($ARGV[0] / 5 + 1), 0, $ARGV[0])' $size >usr/lib/text.$size
  done
  truncate -s 70000000 usr/lib/holes
  printf middle | dd of=usr/lib/holes bs=1 seek=33333333 conv=notrunc status=none
  mkfifo etc/fifo
  touch "with space/$(printf 'n%.0s' {1..255})" $'with space/new\nline' 'with space/ä'
  for i in $(seq 700); do echo $i >usr/lib/deep/er/$i; done
  chmod 4755 usr/lib/text.1
  chmod 2750 usr/bin
  chmod 1777 empty
  chmod 0700 closed
  chmod 0000 usr/nothing
  touch -d '1971-03-04 05:06:07' etc/passwd usr
  touch -d '2038-01-20' usr/lib/text.511
  if [ "$MODE" = root ]; then # a user can neither make nor unpack these
    mknod usr/null c 1 3
    mknod usr/disk b 259 70000
    chown 1000:1001 etc/passwd
    chown 4000000000:5 empty
    chmod 4755 usr/lib/text.1
    xattr usr/lib/text.4096 trusted.t value
    xattr etc/passwd security.s value
  fi
  xattr usr/lib/text.4097 user.small v
  xattr usr/lib/text.4096 user.large "$(printf 'v%.0s' {1..3000})"
  xattr usr/lib/random.1 user.large "$(printf 'v%.0s' {1..3000})"
  xattr usr/lib user.directory d
}

# setfattr is seldom installed; perl is part of the base system.
xattr() { # FILE NAME VALUE
  local number
  case $(uname -m) in x86_64) number=188 ;; aarch64 | riscv64) number=5 ;; *) return 0 ;; esac
  perl -e 'my ($number, $file, $name, $value) = @ARGV;
    syscall($number + 0, "$file\0", "$name\0", $value, length($value), 0) == 0 or die "setxattr $name: $!\n"' \
    $number "$1" "$2" "$3"
}

metadata() { # of each entry: name, type, mode, owner, links, target, time; size of all but directories
  (cd "$1" && find . \( -type d -printf '%P|%y|%m|%U:%G|%T@|\n' \) -o \
    -printf '%P|%y|%m|%U:%G|%T@|%n|%s|%l\n' | sort)
}

archive() { # the whole tree as tar sees it, in one order
  tar -C "$1" --sort=name --numeric-owner --format=posix --pax-option=exthdr.name=h,delete=atime,delete=ctime \
    --xattrs --xattrs-include='*' -cf - . 2>>errors | sha256sum
}

links() { # which names are one file
  (cd "$1" && find . -type f -links +1 -printf '%i %P\n' | sort | awk '{ n[$1] = n[$1] " " $2 } END { for (i in n) print n[i] }' | sort)
}

compare() { # IMAGE NAME
  local options=()
  [ "$MODE" = root ] && options=(--as-recorded)
  rm -rf --one-file-system reference
  unsquashfs -quiet -no-progress -xattrs -d reference "$1" >/dev/null 2>errors || fail "$2: unsquashfs: $(head -1 errors)"
  : >errors
  serve "$1" m "${options[@]}"
  metadata reference >expected
  metadata m >found
  diff expected found >difference || fail "$2: metadata: $(head -4 difference)"
  metadata m >found # now from the kernel's caches
  cmp -s expected found || fail "$2: metadata differ the second time"
  [ "$(links reference)" = "$(links m)" ] || fail "$2: hard links differ"
  [ "$(archive reference)" = "$(archive m)" ] || fail "$2: content or xattrs differ: $(diff -rq --no-dereference reference m 2>&1 | head -3)"
  [ -s errors ] && fail "$2: $(head -2 errors)"
  [ "$(ls -a m | head -2 | tr '\n' ' ')" = ". .. " ] || fail "$2: no . and .. in a listing"
  unserve m
}

inside() {
  local how
  (set -e; make_tree "$WORK/tree")
  [ $? = 0 ] && [ "$(find tree | wc -l)" -gt 740 ] || fail "cannot make the tree"
  for how in "-comp gzip" "-comp xz" "-comp zstd" "-comp zstd -b 1M" "-comp lz4 -no-fragments" "-b 4096 -noI -noX"; do
    # shellcheck disable=SC2086
    make_image image "$WORK/tree" -xattrs $how
    compare image "mksquashfs $how"
  done
  if command -v tar2sqfs >/dev/null; then
    tar -C tree --sort=name --numeric-owner --format=posix --xattrs --xattrs-include='*' -cf - . |
      tar2sqfs -q -f -c zstd -j 2 image || fail "tar2sqfs"
    compare image "tar2sqfs"
  fi
}

start root user
