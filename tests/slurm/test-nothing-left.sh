#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Within 2 s of a step's end nothing of Sabot's is left on a node: after success, failure, scancel and a killed srun.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

gone() { until_true 2 nothing_left || fail "$1: $(leftovers node1) $(leftovers node2)"; }
in_image -N2 -n4 true; gone "after success"
in_image -N2 -n4 false 2>/dev/null || true; gone "after failure"
as_user srun --container="$IMAGE" -N2 -n4 -J cancelled sh -c 'touch started.$SLURM_PROCID; sleep 60' >/dev/null 2>&1 &
until_true 10 test -e started.3 || fail "the step did not start"
[[ -n $(leftovers node1) ]] || fail "no keeper is seen while the step runs: the search is blind"
scancel -n cancelled
wait || true
until_true 10 both_idle || fail "nodes are not idle"
gone "after scancel"
in_image -N1 -n1 sh -c 'sleep 0.5 & exit 0'; gone "after a rank that left a child"
