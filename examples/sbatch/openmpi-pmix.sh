#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An Open MPI program on two nodes: Slurm starts the ranks, PMIx connects them, the libraries are the image's.
#   sbatch --export=ALL,IMAGE=/path/to/image.sqsh,APP=./my-program openmpi-pmix.sh [ARGUMENT...]
# The program may be in the image, or in the directory where sbatch is called: that one is mounted in the pod.
#SBATCH --job-name=openmpi
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --time=00:10:00
set -euo pipefail

IMAGE=${IMAGE:-$HOME/images/openmpi.sqsh}  # a squashfs file that all nodes see, or a name from `sabot image list`
APP=${APP:-./mpi_hello}

# No mpirun: srun is the launcher. `srun --mpi=list` says which versions of PMIx the site has.
srun --mpi=pmix --container-image="$IMAGE" "$APP" "$@"
