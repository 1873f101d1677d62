#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A /dev/fuse that is missing or is no device: the step fails, the remedy fits, and what needs it is not tried.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
# shellcheck source=tests/lib/check.sh
source "$TESTS/lib/check.sh"

user_namespaces || skip "no user namespaces here"

# A /dev of its own, in a mount namespace of the user's own: dev/fuse is what SCRIPT makes of it.
mkdir dev
# shellcheck disable=SC2016
in_dev() {
  check_in unshare --user --map-current-user --mount --keep-caps bash -euc '
    mount -t tmpfs tmpfs dev && mkdir dev/shm
    for node in null zero; do touch dev/$node && mount --bind /dev/$node dev/$node; done
    eval "$1"; shift
    mount --rbind dev /dev
    exec setpriv --inh-caps=-all --ambient-caps=-all "$@"' bash "$1"
}

in_dev true
expect "missing" failed "$(result_of "fuse device")"
contains "missing" "No such file" "$(detail_of "fuse device")"
lacks "the advice is the remedy's" "the site has" "$(detail_of "fuse device")"
contains "missing" "modprobe fuse" "$(remedy_of "fuse device")"
expect "what needs it" skipped "$(result_of "image mount")"
contains "what needs it" "'fuse device'" "$(detail_of "image mount")"
expect "what does not need it" ok "$(result_of "new root")"
expect "the whole" failed "$(result_of "whole launch")"
contains "the table" "FAILED   fuse device" "$TABLE"
contains "the table" "A launch fails here: 2 of" "$TABLE"

in_dev 'touch dev/fuse'
expect "a plain file" failed "$(result_of "fuse device")"
contains "a plain file" "mknod" "$(remedy_of "fuse device")"

in_dev 'touch dev/fuse && mount --bind /dev/zero dev/fuse'
expect "another device" failed "$(result_of "fuse device")"
contains "another device" "mknod" "$(remedy_of "fuse device")"
