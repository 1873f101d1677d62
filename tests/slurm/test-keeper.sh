#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S6: one keeper per step and node, in the step's cgroup, on the step's CPUs, no rank's child, with nothing of root's;
# ranks share its namespaces.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

in_image -N1 -n3 -w node1 sh -c 'readlink /proc/self/ns/mnt > ns.$SLURM_PROCID; touch started.$SLURM_PROCID
  until [ -e go ]; do sleep 0.05; done' &
srun=$!
for rank in 0 1 2; do until_true 10 test -e started.$rank || fail "rank $rank did not start"; done
keeper=$(on_node node1 pgrep -x sabot-keeper)
expect "keepers" 1 "$(wc -l <<<"$keeper")"
expect "mount namespaces of three ranks" 1 "$(cat ns.* | sort -u | wc -l)"
rank=$(on_node node1 pgrep -f 'until \[ -e go' | head -n 1)
cgroups() { on_node node1 cat "/proc/$1/cgroup" | grep -E ':(freezer|cpuset):' | sed 's|/task_[0-9]*||' | sort; }
contains "the rank's cgroup" "step_0" "$(cgroups "$rank")"
expect "the keeper's cgroup" "$(cgroups "$rank")" "$(cgroups "$keeper")"
lacks "the keeper's parent" "$rank" "$(on_node node1 ps -o ppid= -p "$keeper")"
# Real, effective and saved: of the root that slurmstepd was nothing is left. Nor is the OOM killer kept from a keeper.
ids_of() { on_node node1 grep -E '^(Uid|Gid|Groups):' "/proc/$1/status" | xargs; }
expect "the keeper's ids and groups" "$(ids_of "$rank")" "$(ids_of "$keeper")"
lacks "the keeper's ids" " 0 " "$(ids_of "$keeper") "
expect "the keeper's oom_score_adj" "$(on_node node1 cat "/proc/$rank/oom_score_adj")" "$(on_node node1 cat "/proc/$keeper/oom_score_adj")"
expect "the signals that the keeper blocks" "0000000000000000" "$(on_node node1 awk '/^SigBlk:/ { print $2 }' "/proc/$keeper/status")"
union=$(for pid in $(on_node node1 pgrep -f 'until \[ -e go'); do on_node node1 taskset -cp "$pid"; done | sed 's/.*: //' | sort -u | head -n 1)
contains "the keeper's CPUs" "$union" "$(on_node node1 taskset -cp "$keeper")"
for fd in 0 1 2; do
  lacks "the keeper's descriptor $fd" "pipe" "$(on_node node1 readlink "/proc/$keeper/fd/$fd")"
done
touch go
wait "$srun" || fail "srun failed"
until_true 2 nothing_left || fail "left behind: $(leftovers node1)"
