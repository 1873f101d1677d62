#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every way to submit brings ranks into the image: --multi-prog, --export, steps at once, --chdir, arrays, requeue.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

root='stat -f -c %T /'
printf '0 df --output=fstype /\n1 echo rank %%t\n* hostname\n' > programs
expect "--multi-prog" "Type fuse.sabot node1 node1 rank 1" "$(in_image -N1 -n4 -w node1 --multi-prog programs | sort | xargs)"
show='echo "$(stat -f -c %T /) [$ONE][$TWO][$THREE]"'
expect "--export=NONE" "fuseblk [][][]" "$(as_user env ONE=1 TWO=2 srun --container="$IMAGE" --export=NONE sh -c "$show")"
expect "--export=VAR" "fuseblk [1][][3]" "$(as_user env ONE=1 TWO=2 srun --container="$IMAGE" --export=ONE,THREE=3 sh -c "$show")"
expect "--export=ALL,VAR" "fuseblk [1][2][3]" "$(as_user env ONE=1 TWO=2 srun --container-image="$IMAGE" --export=ALL,THREE=3 sh -c "$show")"
expect "--mpi=none" "fuseblk fuseblk" "$(in_image -n2 --mpi=none $root | xargs)"

# Steps of one job at once: each has its pod, all run at the same time.
cat > steps <<'P'
#!/bin/bash
for i in 1 2 3; do
  srun "$@" -N1 -n1 sh -c 'touch here.$0; until [ -e here.1 -a -e here.2 -a -e here.3 ]; do sleep 0.05; done; readlink /proc/self/ns/mnt; stat -f -c %T /' $i &
done
wait
P
chmod 755 steps
for how in "--overlap" "--exact -c1"; do
  rm -f here.*
  said=$(as_user salloc -Q -N1 -n4 --container-image="$IMAGE" ./steps $how)
  expect "steps at once, $how: in the image" 3 "$(grep -c fuseblk <<<"$said")"
  expect "steps at once, $how: pods" 3 "$(grep 'mnt:' <<<"$said" | sort -u | wc -l)"
done

# --chdir: a directory of the host's is there where it hides nothing of the image.
mkdir sub "a b" && chown "$SABOT_CLUSTER_USER": sub "a b"
expect "--chdir" "$WORK/sub" "$(in_image --chdir="$WORK/sub" pwd)"
expect "--chdir, relative" "$WORK/sub" "$(in_image -D sub pwd)"
expect "--chdir, a blank in it" "$WORK/a b" "$(in_image --chdir="a b" pwd)"
expect "--chdir into the image's own" "/" "$(in_image --chdir=/usr/lib pwd)"
expect "a directory that is nowhere" "$(as_user srun --chdir=/absent pwd 2>/dev/null)" "$(in_image --chdir=/absent pwd 2>/dev/null)"

# A program that is broadcast is seen where the pod has the directory: not in /tmp, which is the pod's own.
cp "$CACHE/mpi/openmpi/mpi_hello" app && chmod 755 app
contains "--bcast into the submit directory" "rank 0 of 1" "$(in_image -n1 --bcast="$WORK/cast" ./app 2>&1)"

# Arrays and requeue: the same answer of `sabot resolve` for every element and every start.
printf '#!/bin/sh\necho $SLURM_ARRAY_TASK_ID $(%s)\n' "$root" > element && chmod 755 element
as_user sbatch -Q --array=1-3 -o element.%a --container-image="$IMAGE" element >/dev/null || fail "sbatch --array"
no_jobs() { [[ -z $(squeue -h -u "$SABOT_CLUSTER_USER") ]]; }  # sbatch --wait asks every ten seconds only
until_true 20 no_jobs || fail "the array did not end: $(squeue)"
expect "array" "1 fuseblk 2 fuseblk 3 fuseblk" "$(cat element.[123] | xargs)"
cat > again <<'P'
#!/bin/sh
echo "${SLURM_RESTART_COUNT:-0} $(stat -f -c %T /)" >>starts
[ -z "$SLURM_RESTART_COUNT" ] || exit 0
until [ -e never ]; do sleep 0.1; done
P
chmod 755 again
job=$(as_user sbatch --parsable --requeue -o again.out --container-image="$IMAGE" again)
until_true 10 grep -qs 0 starts || fail "the job did not start"
as_user scontrol requeue "$job"
until_true 10 both_idle || fail "the requeued job did not end"
until_true 2 nothing_left || fail "left behind by requeue: $(leftovers node1) $(leftovers node2)"
pending() { [[ $(squeue -h -j "$job" -o %T) == PENDING ]]; }
until_true 5 pending || fail "the job is not pending again"
as_user scontrol update jobid="$job" StartTime=now  # Slurm holds a requeued job back for two minutes
until_true 20 grep -qs 1 starts || fail "the job did not start again: $(scontrol show job "$job")"
expect "both starts were inside" "0 fuseblk 1 fuseblk" "$(xargs < starts)"
until_true 10 both_idle || fail "nodes are not idle"
until_true 2 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
