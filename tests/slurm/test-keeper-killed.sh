#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A keeper that is killed takes its pod with it: ranks fail, the node stays usable, the next step works.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

as_user srun --container="$IMAGE" -N1 -n1 -w node1 sh -c 'touch started; while :; do cat /etc/os-release >/dev/null || exit 9; done' > out 2>&1 &
srun=$!
until_true 10 test -e started || fail "the step did not start"
keeper=$(on_node node1 pgrep -x sabot-keeper)
on_node node1 kill -KILL "$keeper"
code=0; wait "$srun" || code=$?
[[ $code -ne 0 ]] || fail "the rank did not notice"
until_true 5 both_idle || fail "the node is not idle"
until_true 2 nothing_left || fail "left behind: $(leftovers node1)"
expect "the next step" "ok" "$(in_image -w node1 echo ok)"
