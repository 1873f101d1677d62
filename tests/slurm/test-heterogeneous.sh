#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each component of a heterogeneous step has the image it asks for, or none; what srun cannot hand on is refused.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

mkdir data && echo content > data/file && chown -R "$SABOT_CLUSTER_USER": data
mkdir -p root/bin root/etc && cp "$(command -v busybox)" root/bin/busybox && for p in sh stat cat env grep pwd; do ln -s busybox root/bin/$p; done
touch root/etc/marker
mksquashfs root other.sqsh -quiet -no-progress >/dev/null
chmod 644 other.sqsh
OTHER=$WORK/other.sqsh

# One line for each rank: number, where it is (host, image, other), whether it sees data, our variables that it sees.
cat > show <<'P'
#!/bin/sh
where=host
[ "$(stat -f -c %T / | cut -c1-4)" = fuse ] && where=image
[ "$(stat -f -c %t / 2>/dev/null)" = 65735546 ] && where=image
[ -e /etc/marker ] && where=other
data=-; [ -e /data/file ] && data=data
echo "$SLURM_PROCID $where $data $(env | grep -c '^SLURM_SABOT_')"
P
chmod 755 show
step() { as_user salloc -Q -N2 -n8 srun --mpi=none "$@" 2>&1 | sort | xargs; }
both=(-w node2 -n2)
expect "two images" "0 image - 0 1 image - 0 2 other - 0 3 other - 0" "$(step -w node1 -n2 --container-image="$IMAGE" ./show : "${both[@]}" --container-image="$OTHER" ./show)"
expect "Slurm's own option, and ours" "0 image - 0 1 other - 0 2 other - 0" "$(step -w node1 -n1 --container="$IMAGE" ./show : "${both[@]}" --container-image="$OTHER" ./show)"
expect "ours, and Slurm's own" "0 image - 0 1 other - 0 2 other - 0" "$(step -w node1 -n1 --container-image="$IMAGE" ./show : "${both[@]}" --container="$OTHER" ./show)"
expect "none in the second" "0 image - 0 1 host - 0 2 host - 0" "$(step -w node1 -n1 --container-image="$IMAGE" ./show : "${both[@]}" --container-image=none ./show)"
expect "none in the second, with Slurm's own in the first" "0 image - 0 1 host - 0 2 host - 0" "$(step -w node1 -n1 --container="$IMAGE" ./show : "${both[@]}" --container-image=none ./show)"
expect "none in the first" "0 host - 0 1 other - 0 2 other - 0" "$(step -w node1 -n1 --container-image=none ./show : "${both[@]}" --container="$OTHER" ./show)"
expect "nothing said in the first" "0 host - 0 1 other - 0 2 other - 0" "$(step -w node1 -n1 ./show : "${both[@]}" --container-image="$OTHER" ./show)"
expect "the second takes over the first's" "0 image data 0 1 image data 0 2 image data 0" "$(step -w node1 -n1 --container-image="$IMAGE" --container-mounts=./data:/data ./show : "${both[@]}" ./show)"
expect "but nothing where it names an image" "0 image data 0 1 other - 0 2 other - 0" "$(step -w node1 -n1 --container-image="$IMAGE" --container-mounts=./data:/data ./show : "${both[@]}" --container-image="$OTHER" ./show)"
expect "the second with a mount of its own" "0 image - 0 1 image data 0 2 image data 0" "$(step -w node1 -n1 --container-image="$IMAGE" ./show : "${both[@]}" --container-mounts=./data:/data ./show)"
expect "--export=NONE in one of them" "0 image - 0 1 other - 0 2 other - 0" "$(step -w node1 -n1 --container-image="$IMAGE" ./show : "${both[@]}" --export=NONE --container-image="$OTHER" ./show)"
expect "--export=NAME=VALUE arrives beside the mark" "none here 0" "$(step -w node1 -n1 --container-image="$IMAGE" sh -c 'echo "${MINE:-none}"' : -w node2 -n1 --export=MINE=here --container-image="$OTHER" sh -c 'echo "$MINE $(env | grep -c ^SLURM_SABOT_)"' | xargs -n1 | sort -r | xargs)"
expect "a job's image, changed in one component" "0 image - 0 1 other - 0" "$(as_user salloc -Q -N2 -n8 --container-image="$IMAGE" srun --mpi=none -w node1 -n1 ./show : -w node2 -n1 --container-image="$OTHER" ./show | sort | xargs)"
expect "a job's image, in both components" "0 image - 0 1 image - 0" "$(as_user salloc -Q -N2 -n8 --container-image="$IMAGE" srun --mpi=none -w node1 -n1 ./show : -w node2 -n1 ./show | sort | xargs)"

# A component whose image is not there ends the whole step before the allocation is used.
refused "absent.sqsh" as_user srun -w node1 -n1 --container-image="$IMAGE" touch "$WORK/ran" : -w node2 -n1 --container-image="$WORK/absent.sqsh" touch "$WORK/ran"

# A heterogeneous job: its steps take the image that the job was given, and name their own by --het-group.
cat > script <<P
#!/bin/bash
#SBATCH -w node1 -n1 --container-image=$IMAGE
#SBATCH hetjob
#SBATCH -w node2 -n1
./show | sed 's/0\$/ours/;s/[1-9][0-9]*\$/ours/;s/^/batch /'
P
as_user sbatch -Q -o batch.out script >/dev/null || fail "sbatch of a heterogeneous job"
until_true 30 grep -qs ours batch.out || fail "the batch script: $(cat batch.out) $(squeue)"
expect "the batch script" "image" "$(awk '{print $(NF-2)}' batch.out)"
expect "steps of a heterogeneous job" "0 image - 0 1 other - 0" "$(as_user salloc -Q -w node1 -n1 --container-image="$IMAGE" : -w node2 -n1 srun --mpi=none --het-group=0 ./show : --het-group=1 --container-image="$OTHER" ./show | sort | xargs)"
expect "one step over its components" "0 image - 0 1 image - 0" "$(as_user salloc -Q -w node1 -n1 --container-image="$IMAGE" : -w node2 -n1 srun --mpi=none --het-group=0,1 ./show | sort | xargs)"
sed -i "s|hetjob|&\n#SBATCH --container-image=$OTHER|" script
CODE=2 refused "which its steps cannot inherit; give them to srun" as_user sbatch -o batch.out script
CODE=2 refused "which its steps cannot inherit" as_user salloc -n1 --container-image="$IMAGE" : -n1 --container-image="$OTHER" touch "$WORK/ran"
until_true 10 both_idle || fail "nodes are not idle"
until_true 2 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
