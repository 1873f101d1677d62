#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S4: many launches, one after another (SABOT_LAUNCHES), 16 at once, and many bad ones (SABOT_BAD_SUBMISSIONS) leave a node as it was.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

# Everything that a step could leave: processes, mounts, files, sockets, slurmd's descriptors.
state() {
  on_node "$1" bash -c 'ps -eo args | grep -vE "^(ps|bash|grep|sort|find|awk|COMMAND)" | sort
    sort -k5 /proc/1/mountinfo | cut -d" " -f3-
    find /tmp /dev/shm /run /dev/mqueue | sort
    awk "NF > 7 {print \$8}" /proc/net/unix | sort
    find /sys/fs/cgroup/*/slurm* -name "*step_*" 2>/dev/null
    echo "slurmd: $(ls /proc/"$(pgrep -x slurmd)"/fd | wc -l) descriptors"'
}
as_it_was() { [[ $(state node1) == "$before1" && $(state node2) == "$before2" ]]; }
check() { until_true 5 as_it_was || fail "$1: $(diff <(echo "$before1") <(state node1)) $(diff <(echo "$before2") <(state node2))"; }
as_user srun -N2 -n2 true  # what Slurm itself makes at the first step is there from now on
quiet() { both_idle && ! on_node node1 pgrep -x slurmstepd >/dev/null && ! on_node node2 pgrep -x slurmstepd >/dev/null; }
until_true 10 quiet || fail "nodes are not idle"
before1=$(state node1) before2=$(state node2)

count=${SABOT_LAUNCHES:-40}
cat > sequence <<'P'
#!/bin/bash
for ((i = 0; i < $1; ++i)); do srun --overlap -N1 -n2 -w node$((i % 2 + 1)) true || exit 1; done
P
cat > together <<'P'
#!/bin/bash
for ((i = 0; i < 16; ++i)); do srun --overlap -N1 -n1 -w node$((i % 2 + 1)) stat -f -c %T / & pids+=($!); done
for pid in "${pids[@]}"; do wait "$pid" || exit 1; done
P
chmod 755 sequence together
LIMIT=$((40 + count * 2)) as_user salloc -Q -N2 -n8 --container-image="$IMAGE" ./sequence "$count" || fail "one of $count launches failed"
check "$count launches"
said=$(LIMIT=90 as_user salloc -Q -N2 -n8 --container-image="$IMAGE" ./together) || fail "one of 16 launches at once failed: $said"
expect "16 launches at once, inside" 16 "$(grep -c fuseblk <<<"$said")"
check "16 launches at once"

# Bad submissions: refused at once (srun, sbatch, arrays), or by the node.
count=${SABOT_BAD_SUBMISSIONS:-60}
printf '#!/bin/sh\ntouch "%s/ran"\n' "$WORK" > script && chmod 755 script
cat > submit <<'P'
#!/bin/bash
# submit COUNT IMAGE: prints what was not refused
for ((i = 0; i < $1 / 6; ++i)); do
  srun --container=/absent.sqsh ./script 2>/dev/null && echo "srun $i"
  srun --container="$2" --container-mounts=bad ./script 2>/dev/null && echo "srun, option $i"
  sbatch -Q --container-image=/absent.sqsh script 2>/dev/null && echo "sbatch $i"
  sbatch -Q --array=1-3 --container="$2" --container-workdir=bad script 2>/dev/null && echo "array $i"
  srun --container="$2" --container-mounts=/absent:/data ./script 2>/dev/null && echo "srun on the node $i"
  ((i % 3 != 0)) || sbatch -Q --parsable --array=1-2 -o /dev/null --container-image="$2" --container-workdir=/absent script >>jobs || echo "sbatch failed $i"
done
P
chmod 755 submit
expect "bad submissions that were taken" "" "$(LIMIT=$((60 + count * 2)) as_user ./submit "$count" "$IMAGE")"
no_jobs() { [[ -z $(squeue -h -u "$SABOT_CLUSTER_USER") ]]; }
until_true $((30 + count)) no_jobs || fail "jobs are left: $(squeue)"
[[ ! -e ran ]] || fail "a rank ran on the host"
for job in $(cat jobs); do
  expect "a bad array job" "FAILED 125:0" "$(scontrol show job "$job" -o | grep -oE 'JobState=\w+|ExitCode=[0-9:]+' | cut -d= -f2 | sort -ru | xargs | awk '{print $1, $2}')"
done
both_idle || until_true 10 both_idle || fail "a node changed its state: $(sinfo -N -R)"
check "$count bad submissions"
