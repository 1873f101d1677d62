#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An MPICH program (or one of its relatives: Intel MPI, MVAPICH) on two nodes, connected over Slurm's PMI2.
#   sbatch --export=ALL,IMAGE=/path/to/image.sqsh,APP=./my-program mpich-pmi2.sh [ARGUMENT...]
#SBATCH --job-name=mpich
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --time=00:10:00
set -euo pipefail

IMAGE=${IMAGE:-$HOME/images/mpich.sqsh}
APP=${APP:-./mpi_hello}

# PMI2 talks over a descriptor that the rank inherits: nothing of Slurm has to be in the image.
srun --mpi=pmi2 --container-image="$IMAGE" "$APP" "$@"
