#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# On a node where a launch works, `sabot check` says so for every step, as a table and as JSON, and leaves nothing.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
# shellcheck source=tests/lib/check.sh
source "$TESTS/lib/check.sh"

run "$IMAGE" -- true 2>/dev/null || skip "no launch works here"
[[ ! -e /etc/slurm/slurm.conf && ! -e /run/slurm/conf/slurm.conf ]] || skip "this machine has a Slurm of its own"
check_exits 0
lacks "all is well" FAILED "$TABLE"
lacks "all is well" skipped "$TABLE"
lacks "no colour where there is no terminal" $'\033' "$TABLE"
contains "the last line" "A launch works here." "$(tail -1 <<<"$TABLE")"
for step in user "site configuration" "image store" importer stage1 kernel limits "user namespace" "fuse device" "give up privileges" \
  "mount namespace" "host's mounts" "temporary file system" "image mount" "writable image" "new root" "enter as a rank" \
  "whole launch" Slurm; do
  expect "result of $step" ok "$(result_of "$step")"
done
contains "a terminal has colour" $'\033[32mok' "$(TERM=xterm script -qec "'$SABOT' --config /nonexistent check" /dev/null)"
lacks "NO_COLOR" $'\033' "$(TERM=xterm NO_COLOR=1 script -qec "'$SABOT' --config /nonexistent check" /dev/null)"
until_true 2 no_keeper || fail "a keeper is left"
[[ ! -e .local ]] || fail "it made a store: $(find .local)"
refused 2 "surplus" "$SABOT" check surplus
SABOT_CONTAINER_MOUNTS=/nonexistent check_exits 0  # a user's own options are not the node's
