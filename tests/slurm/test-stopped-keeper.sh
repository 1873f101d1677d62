#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S11: a keeper that has been stopped, and ranks that wait for their image for ever, hold up neither scancel nor the node.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

# shellcheck disable=SC2016
in_image -N1 -n2 -w node1 sh -c 'echo > started.$SLURM_PROCID; until [ -e go ]; do :; done
  echo > reads.$SLURM_PROCID; exec md5sum /usr/bin/* /usr/lib/x86_64-linux-gnu/*' >/dev/null 2>&1 &
srun=$!
for rank in 0 1; do until_true 10 test -e started.$rank || fail "rank $rank did not start"; done
keeper=$(on_node node1 pgrep -x sabot-keeper)
on_node node1 kill -STOP "$keeper"
touch go
for rank in 0 1; do until_true 10 test -e reads.$rank || fail "rank $rank does not go on"; done
code=0
began=$SECONDS
scancel -u "$SABOT_CLUSTER_USER"
wait "$srun" || code=$?
((SECONDS - began <= 10)) || fail "scancel took $((SECONDS - began)) s"
[[ $code != 0 ]] || fail "the step succeeded without its image"
until_true 10 both_idle || fail "nodes are not idle: $(sinfo -N)"
until_true 3 nothing_left || fail "left behind: $(leftovers node1)"
expect "the next step" fuseblk "$(in_image -N1 -w node1 stat -f -c %T /)"
