#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The grammar of --container-mounts is the same in srun, sbatch and salloc, and a mistake is refused before a job is there.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

mkdir -p data 'odd, a:b\c' sub/data && echo content > data/file && echo odd > 'odd, a:b\c/file' && echo sub > sub/data/file
chown -R "$SABOT_CLUSTER_USER": data odd* sub
expect "escapes reach both nodes" "odd odd" "$(in_image -N2 -n2 --container-mounts='./odd\,\ a\:b\\c:/o\,o' cat '/o,o/file' | xargs)"
expect "tmpfs, noexec, ro, umount on the nodes" "tmpfs tmpfs" "$(in_image -N2 -n2 --container-mounts=tmpfs:/t:size=64K+noexec+ro,./data:/m:rprivate,umount:/m sh -c 'test ! -e /m/file && stat -fc %T /t' | xargs)"
expect "sources are taken from the submit directory" "sub" "$(cd sub && in_image --container-mounts=./data:/d cat /d/file)"
expect "by Pyxis's variable" "content" "$(as_user env PYXIS_CONTAINER_MOUNTS=./data:/d srun --container="$IMAGE" cat /d/file)"
expect "the command line wins over the variables" "sub" "$(as_user env SABOT_CONTAINER_MOUNTS=./data:/d srun --container="$IMAGE" --container-mounts=./sub/data:/d cat /d/file)"

printf '#!/bin/sh\ntouch %s/ran\n' "$WORK" > script && chmod 755 script
jobs() { scontrol show jobs -o 2>/dev/null | wc -l; }
before=$(jobs)
while IFS='|' read -r mounts message; do
  for command in "srun --container-image=$IMAGE --container-mounts=$mounts touch $WORK/ran" \
                 "sbatch --container-image=$IMAGE --container-mounts=$mounts script" \
                 "salloc --container-image=$IMAGE --container-mounts=$mounts touch $WORK/ran"; do
    read -ra words <<<"$command"
    CODE=2 refused "--container-mounts: $message" as_user "${words[@]}"
  done
done <<'ROWS'
/etc:/x:rshared|'/etc:/x:rshared': flag 'rshared' cannot be had
/etc:/x:y:z|'/etc:/x:y:z': more than SRC:DST:FLAGS
umount|'umount': umount needs a target
/et\c:/x|'/et\c:/x': a backslash stands before
ROWS
expect "no job was made for a mistake" "$before" "$(jobs)"
refused "bind $WORK/ab,sent onto /x (--container-mounts): the source on this node: No such file" in_image --container-mounts='./ab\,sent:/x' touch "$WORK/ran"
