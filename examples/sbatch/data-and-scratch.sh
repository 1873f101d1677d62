#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Input data bound read-only, results read-write, and an empty file system in memory to work in.
#   sbatch --export=ALL,IMAGE=/path/to/image.sqsh,DATA=/path/to/input data-and-scratch.sh
#SBATCH --job-name=data
#SBATCH --ntasks=1
#SBATCH --time=00:10:00
set -euo pipefail

IMAGE=${IMAGE:-$HOME/images/app.sqsh}
DATA=${DATA:-$HOME/data}                # must exist on the node, else the step is refused and says so
RESULTS=${RESULTS:-$PWD/results-$SLURM_JOB_ID}
mkdir -p "$RESULTS"

# SRC:DST:FLAGS, separated by commas, made in this order. The mount points need not be in the image.
# tmpfs is memory, charged to the job, one for the ranks of a node, and gone with the step.
MOUNTS=$DATA:/data:ro,$RESULTS:/results,tmpfs:/scratch

# Replace the script by your program. What it writes into /data fails; what it leaves in /scratch is lost.
srun --container-image="$IMAGE" --container-mounts="$MOUNTS" --container-workdir=/scratch sh -euc '
  find /data -type f > files
  wc -l < files > /results/number-of-files
  cp files /results/files
'
echo "results are in $RESULTS"
