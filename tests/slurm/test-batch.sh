#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sbatch and salloc take the options: the script or shell runs inside, and sruns inherit an image that was asked for with --container-image.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

batch() { as_user sbatch --wait -o out "$@" >/dev/null 2>&1 || fail "sbatch $*: $(cat out)"; cat out; }
cp --reflink=auto "$IMAGE" copy.sqsh && chmod 644 copy.sqsh
printf '#!/bin/sh\nstat -f -c %%T /\n' > script && chmod +x script
expect "sbatch --container-image runs the script inside" "fuseblk" "$(batch --container-image="$IMAGE" script | sed 's/^fuse$/fuseblk/')"
expect "sbatch --container runs the script inside" "fuseblk" "$(batch --container="$IMAGE" script | sed 's/^fuse$/fuseblk/')"
printf '#!/bin/sh\n#SBATCH --container-image=%s\nstat -f -c %%T /\n' "$IMAGE" > script
expect "#SBATCH --container-image" "fuseblk" "$(batch script | sed 's/^fuse$/fuseblk/')"
printf '#!/bin/sh\n#SBATCH --container=%s\n[ -r "$0" ] && stat -f -c %%T /\necho "$0"\n' "$IMAGE" > script
said=$(batch script)
expect "#SBATCH --container" "fuseblk" "$(head -n 1 <<<"$said" | sed 's/^fuse$/fuseblk/')"
contains "and the script that slurmd spooled is seen inside" "slurm_script" "$said"
outside=$(as_user srun stat -f -c %T /)
printf '#!/bin/sh\nexport SLURM_CONTAINER=%s\nsrun stat -f -c %%T /\nsrun --container=%s stat -f -c %%T /\n' "/stale" "$IMAGE" > script
expect "a stale SLURM_CONTAINER is no request" "$outside fuseblk" "$(batch script | sed 's/^fuse$/fuseblk/' | xargs)"
expect "steps of salloc --container-image inherit" "fuseblk" "$(as_user salloc -Q --container-image="$IMAGE" srun stat -f -c %T / | sed 's/^fuse$/fuseblk/')"
expect "and can say none" "$outside" "$(as_user salloc -Q --container-image="$IMAGE" srun --container-image=none stat -f -c %T /)"
mkdir data && : > data/file && chown -R "$SABOT_CLUSTER_USER": data
expect "and add a mount" "/data/file" "$(as_user salloc -Q --container-image="$IMAGE" srun --container-mounts=./data:/data ls /data/file)"
expect "a step's own image takes over no mount" "no" "$(as_user salloc -Q --container-image="$IMAGE" --container-mounts=./data:/data srun --container-image="$WORK/copy.sqsh" sh -c 'test -e /data || echo no')"
contains "sbatch refuses a mistake at once" "no such file" "$(as_user sbatch --container-image=absent script 2>&1 || true)"
scancel -u "$SABOT_CLUSTER_USER"
until_true 10 both_idle || fail "nodes are not idle"
