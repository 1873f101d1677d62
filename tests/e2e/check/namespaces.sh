#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# User or mount namespaces forbidden by their sysctl, seen in a user namespace whose sysctl is its own, and in a chroot.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
# shellcheck source=tests/lib/check.sh
source "$TESTS/lib/check.sh"

user_namespaces || skip "no user namespaces here"

# with_sysctl NAME: sabot check where user.NAME is 0 for this namespace and what is below it.
# shellcheck disable=SC2016
with_sysctl() {
  check_in unshare --user --map-root-user bash -euc 'echo 0 > /proc/sys/user/"$1"; shift; exec "$@"' bash "$1"
}

with_sysctl max_user_namespaces
expect "user namespaces" failed "$(result_of "user namespace")"
contains "user namespaces" "No space left on device" "$(detail_of "user namespace")"
contains "user namespaces" "sysctl user.max_user_namespaces=" "$(remedy_of "user namespace")"
for step in "fuse device" "image mount" "new root" "enter as a rank"; do
  expect "$step" skipped "$(result_of "$step")"
  contains "$step" "'user namespace'" "$(detail_of "$step")"
done
expect "the whole" failed "$(result_of "whole launch")"

with_sysctl max_mnt_namespaces
expect "mount namespaces" failed "$(result_of "mount namespace")"
contains "mount namespaces" "sysctl user.max_mnt_namespaces=" "$(remedy_of "mount namespace")"
expect "the user namespace is there" ok "$(result_of "user namespace")"
expect "the overlay is not tried" skipped "$(result_of "writable image")"

# shellcheck disable=SC2016
check_in unshare --user --map-root-user --mount bash -euc '
  mkdir -p tree/root && mount --rbind / tree/root && mkdir -p /tmp/top
  mount -t tmpfs tmpfs /tmp/top && mkdir /tmp/top/root
  for dir in /*/; do  # all of them: wherever this checkout is
    mkdir "/tmp/top/root$dir" && mount --rbind "$dir" "/tmp/top/root$dir"
  done
  exec /usr/sbin/chroot /tmp/top/root "$@"' bash
expect "a chroot" failed "$(result_of "user namespace")"
contains "a chroot" "chroot" "$(remedy_of "user namespace")"
