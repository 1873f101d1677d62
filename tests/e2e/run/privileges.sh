#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A rank has no capability, cannot gain one, and is the caller.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

status=$(run "$IMAGE" -- cat /proc/self/status)
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
  contains "$set" "$set:"$'\t'"0000000000000000" "$status"
done
contains "no_new_privs" "NoNewPrivs:"$'\t'"1" "$status"
expect "uid" "5077" "$(run "$IMAGE" -- id -u)"
expect "gid" "5077" "$(run "$IMAGE" -- id -g)"
contains "passwd has the caller" ":x:5077:5077:" "$(run "$IMAGE" -- cat /etc/passwd)"
contains "passwd has the image's own" "root:x:0:0:" "$(run "$IMAGE" -- cat /etc/passwd)"
contains "group has the caller's" ":x:5077:" "$(run "$IMAGE" -- cat /etc/group)"
contains "a setuid program gains nothing" "CapEff:"$'\t'"0000000000000000" "$(run "$IMAGE" -- cat /proc/self/status)"
refused 1 "peration not permitted" run "$IMAGE" -- unshare --mount true
