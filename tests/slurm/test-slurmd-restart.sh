#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S6: a step outlives a slurmd that ends and starts again; descriptors that srun or slurmd have open reach no rank and no keeper.
# A cluster of its own, for a machine of the cluster ends with its slurmd unless its process 1 is kept from looking.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
[[ $(id -u) == 0 ]] || skip "root is needed to start a Slurm cluster"
export SABOT_CLUSTER_DIR=${SABOT_CLUSTER_DIR:-/var/lib/sabot-cluster}-restart
trap '"$TESTS/cluster/cluster" down >/dev/null' EXIT
"$TESTS/slurm/cluster-up.sh" >/dev/null
trap - EXIT
# shellcheck source=tests/lib/slurm.sh
source "$TESTS/lib/slurm.sh"
trap 'cd /; rm -rf --one-file-system "$WORK"; "$CLUSTER" down >/dev/null' EXIT

leftovers() { on_node "$1" pgrep -a --runstates R,S,D,T '^sabot' || true; }  # who ended is not reaped: process 1 stands still

as_user srun --container="$IMAGE" -N1 -n2 -w node1 sh -c 'touch started.$SLURM_PROCID; until [ -e go ]; do sleep 0.05; done; cat /etc/os-release >/dev/null && exit 5' > out 2>&1 &
srun=$!
until_true 10 test -e started.0 -a -e started.1 || fail "the step did not start"
old=$(on_node node1 pgrep -x slurmd)
read -r first _ < "$SABOT_CLUSTER_DIR/run/node1.pid"
kill -STOP "$first"
on_node node1 kill -TERM "$old"
dead() { [[ $(on_node node1 ps -o stat= -p "$old") == Z* ]]; }
until_true 10 dead || fail "slurmd did not end"

on_node node1 setsid slurmd -D -N node1 -f "$SLURM_CONF" </dev/null >/dev/null 2>&1 &
new() { on_node node1 pgrep -x slurmd | grep -vx "$old"; }
until_true 10 new >/dev/null || fail "slurmd did not start again"
answers() { LIMIT=5 as_user srun -w node1 -n1 true; }
until_true 20 answers || fail "the node does not take steps again: $(sinfo -N)"
touch go
code=0; wait "$srun" || code=$?
expect "the step that was running: $(cat out)" 5 "$code"
until_true 2 nothing_left || fail "left behind: $(leftovers node1)"

# What a rank has open is what it has without a container, also when srun was started with 64 descriptors too many.
# (slurmd closes all that it inherits, so there can be none of its own.)
: > decoy && chmod 666 decoy
with_decoys() (
  for fd in {10..73}; do eval "exec $fd<>\$WORK/decoy"; done
  "$@"
)
cat > open_files.py <<'P'
import os, re
own = {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")}
print(sorted(re.sub(r"[0-9]+", "N", name) for name in own.values()))
P
for node in node1 node2; do
  bare=$(with_decoys as_user srun -N1 -n2 -w $node /usr/bin/python3 open_files.py | sort)
  contains "$node, without a container" "pipe" "$bare"
  expect "$node: descriptors of two ranks" "$bare" "$(with_decoys in_image -N1 -n2 -w $node /usr/bin/python3 open_files.py | sort)"
  lacks "$node: in a rank" decoy "$(with_decoys in_image -N1 -n2 -w $node /usr/bin/python3 open_files.py)"
done
rm -f go started.*
with_decoys as_user srun --container="$IMAGE" -N1 -n1 -w node1 sh -c 'touch started.0; until [ -e go ]; do sleep 0.05; done' &
srun=$!
until_true 10 test -e started.0 || fail "the step did not start"
expect "decoys in the keeper" 0 "$(on_node node1 find "/proc/$(on_node node1 pgrep -n -x sabot-keeper)/fd" -lname "$WORK/decoy" | wc -l)"
touch go; wait "$srun" || fail "the last step failed"
