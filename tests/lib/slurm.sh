# SPDX-License-Identifier: Apache-2.0
# slurm.sh: for tests on the local cluster that ctest's fixture `cluster` has started (tests/slurm/cluster-up.sh).
# Commands run as the cluster's ordinary user, in a directory of the test's own that all nodes see.
# shellcheck shell=bash
# shellcheck source=tests/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

CLUSTER=$TESTS/cluster/cluster
export SABOT_CLUSTER_DIR=${SABOT_CLUSTER_DIR:-/var/lib/sabot-cluster-ctest}
[[ $(id -u) == 0 ]] || skip "root is needed to look into the nodes"
"$CLUSTER" status >/dev/null 2>&1 || fail "the cluster is not up"
eval "$("$CLUSTER" env)"
USER_HOME=$(getent passwd "$SABOT_CLUSTER_USER" | cut -d: -f6)
WORK=$(mktemp -d "$USER_HOME/test.XXXXXX")
chown "$SABOT_CLUSTER_USER": "$WORK"
trap 'scancel -u "$SABOT_CLUSTER_USER" || true; rm -rf --one-file-system "$WORK"' EXIT
cd "$WORK"

# as_user CMD...: in the current directory, with 40 s to end: a launch that hangs is a failure, not a wait.
as_user() { timeout -k 5 "${LIMIT:-40}" "$CLUSTER" sh "$@"; }
# in_image ARGS...: srun inside the MPI image
in_image() { as_user srun --container="$IMAGE" "$@"; }
on_node() { "$CLUSTER" exec "$@"; }
# What is left of pods on a node: processes of ours, run directories, FUSE mounts.
leftovers() {
  on_node "$1" sh -c 'pgrep -a "^sabot" ; find /tmp /run/user /dev/shm -maxdepth 2 -name "sabot-*" 2>/dev/null; grep -h "fuse.* sabot" /proc/self/mountinfo' || true
}
nothing_left() { [[ -z $(leftovers node1)$(leftovers node2) ]]; }
both_idle() { [[ $(sinfo -h -o '%T' -N | sort -u) == idle ]]; }
# refused TEXT CMD...: srun fails with exit code 125 (or CODE), says TEXT, the rank did not run, nodes stay usable,
# nothing is left. The command must be `touch $WORK/ran` at its end to prove it. What it said is in $SAID.
refused() {
  local text=$1 code=0 said; shift
  rm -f "$WORK/ran"
  said=$("$@" 2>&1) || code=$?
  SAID=$said
  expect "exit code of: $* ($said)" "${CODE:-125}" "$code"
  contains "message of: $*" "$text" "$said"
  [[ ! -e $WORK/ran ]] || fail "the rank ran on the host: $*"
  until_true 5 both_idle || fail "nodes are not idle: $(sinfo -N)"
  until_true 3 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
}
