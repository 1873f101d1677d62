#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# srun --container=IMAGE runs every rank of two nodes inside the image, and plain srun outside.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

expect "ranks on both nodes" "node1 node1 node2 node2" "$(in_image -N2 --ntasks-per-node=2 hostname | sort | xargs)"
contains "inside the image" "$(unsquashfs -cat "$IMAGE" etc/debian_version)" "$(in_image cat /etc/debian_version)"
expect "the root is the image's" "fuse" "$(in_image stat -f -c %T / | sed 's/fuseblk/fuse/')"
expect "--container-image is the same" "fuse" "$(as_user srun --container-image="$IMAGE" stat -f -c %T / | sed 's/fuseblk/fuse/')"
[[ $(as_user srun stat -f -c %T /) != fuse* ]] || fail "a plain srun is in an image"
expect "--container-image=none" "$(as_user srun stat -f -c %T /)" "$(as_user srun --container-image=none stat -f -c %T /)"
expect "distinct ranks" "0 1 2 3" "$(in_image -N2 -n4 sh -c 'echo $SLURM_PROCID' | sort | xargs)"
cp "$CACHE/mpi/openmpi/mpi_hello" app && chmod 755 app
contains "./app of the submit directory" "rank 0 of 1" "$(in_image -n1 ./app)"
