#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test-down-after-kill.sh: `up` is killed at many points, then `down`; nothing is left. Also `down` killed, and `down`
# while a job runs. Not a test of what up makes (test-idempotent.sh). POINTS=n sets how many points (default 20).
set -euo pipefail
# shellcheck source=tests/cluster/check.sh
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/check.sh"
prepare
POINTS=${POINTS:-20}

# killed_after MS COMMAND…: start it, and SIGKILL it that much later.
killed_after() {
  local ms=$1 pid
  shift
  "$@" >/dev/null 2>&1 &
  pid=$!
  sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

start=$(now_ms)
"$CLUSTER" up >/dev/null || fail "up"
took=$(($(now_ms) - start))

"$CLUSTER" sh sbatch -N2 -n2 -o /dev/null --wrap 'setsid sleep 600 & srun sleep 600' >/dev/null || fail "sbatch"
for ((i = 0; i < 100; i++)); do
  if [[ $("$CLUSTER" sh squeue -h -s -o %i | grep -c '\.0$') == 1 ]]; then break; fi
  sleep 0.1
done
((i < 100)) || fail "the job's step did not start"
start=$(now_ms)
"$CLUSTER" down >/dev/null || fail "down with a running job"
ending=$(($(now_ms) - start))
nothing_left || fail "down with a running job left something"

for ((k = 0; k < POINTS; k++)); do
  ms=$((took * k / POINTS))
  killed_after "$ms" "$CLUSTER" up
  said=$("$CLUSTER" down 2>&1) || fail "down after up was killed at $ms ms: $said"
  nothing_left || fail "up killed at $ms ms, then down"
done

for ((k = 0; k < POINTS / 4; k++)); do
  ms=$((ending * k / (POINTS / 4)))
  "$CLUSTER" up >/dev/null || fail "up"
  killed_after "$ms" "$CLUSTER" down
  said=$("$CLUSTER" down 2>&1) || fail "down after down was killed at $ms ms: $said"
  nothing_left || fail "down killed at $ms ms, then down"
done

killed_after $((took / 2)) "$CLUSTER" up
"$CLUSTER" up >/dev/null || fail "up after a killed up"
[[ $("$CLUSTER" sh srun -N2 hostname | sort | xargs) == "node1 node2" ]] || fail "srun after a killed up"
"$CLUSTER" down >/dev/null || fail "the last down"
nothing_left || fail "the last down left something"
pass
