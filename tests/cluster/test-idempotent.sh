#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test-idempotent.sh: a second `up` changes nothing, other options restart, a dead node is repaired, `down` may be repeated.
# Not a test of jobs beyond one srun; and not of `up` being killed (test-down-after-kill.sh).
set -euo pipefail
# shellcheck source=tests/cluster/check.sh
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/check.sh"
prepare

pids() { "$CLUSTER" status | sed -n 's/.*running, pid //p' | xargs; }

"$CLUSTER" up --gpus 1 >/dev/null || fail "the first up"
first=$(pids)
[[ $(wc -w <<<"$first") == 3 ]] || fail "not three machines after up: '$first'"

said=$("$CLUSTER" up --gpus 1) || fail "the second up"
[[ $said == *"already up"* ]] || fail "the second up said '$said'"
[[ $(pids) == "$first" ]] || fail "the second up changed the processes"

hosts=$("$CLUSTER" sh srun -N2 -n4 --ntasks-per-node=2 hostname | sort | xargs) || fail "srun as the ordinary user"
[[ $hosts == "node1 node1 node2 node2" ]] || fail "srun on two nodes said '$hosts'"

who=$("$CLUSTER" sh srun -n1 id -un)
[[ $who == sabot-test-$ID ]] || fail "the job ran as '$who'"

"$CLUSTER" sh sh -c 'echo kept > ~/file' || fail "the user cannot write to the home directory"
"$CLUSTER" up --nodes 3 >/dev/null || fail "up with other options"
[[ $("$CLUSTER" sh sh -c 'cat ~/file') == kept ]] || fail "a restart lost what was in the home directory"
[[ $("$CLUSTER" sh srun -N3 hostname | sort | xargs) == "node1 node2 node3" ]] || fail "three nodes were asked for"

node=$("$CLUSTER" status | sed -n 's/^node2: running, pid //p')
kill -KILL "$node"
said=$("$CLUSTER" up --nodes 3) || fail "up with a dead node"
[[ $said == *restarting* ]] || fail "up with a dead node said '$said'"
[[ $("$CLUSTER" sh srun -N3 hostname | sort | xargs) == "node1 node2 node3" ]] || fail "the dead node did not come back"

if said=$("$CLUSTER" up --conf "NoSuchThing=1" 2>&1); then fail "up with a wrong slurm.conf succeeds"; fi
[[ $said == *NoSuchThing* ]] || fail "up with a wrong slurm.conf does not say why: $said"
if "$CLUSTER" status >/dev/null; then fail "something runs after a failed up"; fi

"$CLUSTER" down >/dev/null || fail "down"
nothing_left || fail "down left something"
"$CLUSTER" down >/dev/null || fail "the second down"
if "$CLUSTER" status >/dev/null; then fail "status of no cluster succeeds"; fi
pass
