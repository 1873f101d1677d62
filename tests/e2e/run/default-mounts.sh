#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A pod has proc, sys, dev, dev/shm, a private tmp, resolv.conf and hosts; a site adds and removes mounts.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

run "$IMAGE" -- sh -c 'test -r /proc/self/maps && test -d /sys/devices && test -c /dev/null && test -d /dev/shm' || fail "proc, sys, dev, dev/shm"
echo host > /tmp/visible-outside
run "$IMAGE" -- sh -c 'test ! -e /tmp/visible-outside && echo x > /tmp/mine' || fail "/tmp is not private"
[[ ! -e /tmp/mine ]] || fail "/tmp of the pod is the host's"
expect "mode of /tmp" "1777" "$(run "$IMAGE" -- stat -c %a /tmp)"
expect "hosts" "$(cat /etc/hosts)" "$(run "$IMAGE" -- cat /etc/hosts)"
expect "resolv.conf" "$(cat /etc/resolv.conf)" "$(run "$IMAGE" -- cat /etc/resolv.conf)"
expect "sys is read-only" "ro" "$(run "$IMAGE" -- sh -c "awk '\$5 == \"/sys\" { print \$6 }' /proc/self/mountinfo | cut -d, -f1")"
mkdir shared && echo yes > shared/file
printf '# a comment\nmount %s:/site\nno_mount /tmp\n' "$PWD/shared" > site.conf
CONFIG=$PWD/site.conf
expect "the site's mount" "yes" "$(run "$IMAGE" -- cat /site/file)"
refused 1 "Read-only file system" run "$IMAGE" -- touch /tmp/x
printf 'tmp_size 1M\n' > site.conf
refused 1 "No space left" run "$IMAGE" -- dd if=/dev/zero of=/tmp/big bs=1M count=2 status=none
printf '\nmuont /a:/b\n' > site.conf
refused 125 "line 2: unknown name 'muont'" run "$IMAGE" -- true
printf 'tmp_size lots\n' > site.conf
refused 125 "'lots' is no size" run "$IMAGE" -- true
printf 'tmp_size 1M\n' > site.conf && chmod 666 site.conf
refused 125 "others can write it" run "$IMAGE" -- true
