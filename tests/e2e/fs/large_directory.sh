#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A directory of 100,000 entries is listed once each, also from positions kept by telldir, with entries of ours.
. "$(dirname "$0")/common.bash"
need mksquashfs perl

inside() {
  mkdir -p tree/d
  (cd tree/d && seq 100000 | xargs touch)
  make_image image tree -comp zstd
  serve image m --add-file /d/50=shadow --add-file /d/ours=new --add-dir /d/mount
  (seq 100000; echo ours; echo mount) | sort >expected
  ls -U m/d | sort >found
  cmp -s expected found || fail "listing: $(diff expected found | head -3)"
  [ "$(cat m/d/50)" = shadow ] || fail "the image's file shows through ours"
  [ -f m/d/99999 ] && [ ! -e m/d/100001 ] || fail "lookup"
  perl - m/d 100004 <<'P' || fail "telldir, seekdir and rewinddir do not agree"
    my ($path, $expected) = @ARGV;
    opendir(my $d, $path) or die "opendir: $!";
    my (@names, @places);
    while (1) { my $place = telldir($d); my $name = readdir($d); last unless defined $name; push @names, $name; push @places, $place; }
    die "entries: " . @names unless @names == $expected;
    for my $i (map { int($_ * $#names / 300) } reverse 0 .. 300) {
      seekdir($d, $places[$i]);
      my $name = readdir($d);
      die "at $i: $name, not $names[$i]" unless $name eq $names[$i];
    }
    rewinddir($d);
    my @again = readdir($d);
    die "again differs" unless "@again" eq "@names";
P
  unserve m
}

start root user
