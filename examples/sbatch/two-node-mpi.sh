#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An MPI program on two nodes: Slurm starts the ranks, each node has one pod for its ranks, the libraries are the image's.
#   sbatch --export=ALL,IMAGE=/path/to/image.sqsh,APP=./my-program two-node-mpi.sh [ARGUMENT...]
#   sbatch --export=ALL,MPI=pmi2,IMAGE=/path/to/mpich.sqsh,APP=./my-program two-node-mpi.sh [ARGUMENT...]
#SBATCH --job-name=two-nodes
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --time=00:10:00
#SBATCH --output=two-nodes-%j.out
set -euo pipefail

IMAGE=${IMAGE:-$HOME/images/openmpi.sqsh}
APP=${APP:-./mpi_hello}
# Open MPI speaks PMIx (`srun --mpi=list` says which versions the site has). MPICH and its relatives, Intel MPI and MVAPICH,
# speak PMI2, over a descriptor that the rank inherits: nothing of Slurm has to be in the image.
MPI=${MPI:-pmix}

srun --mpi="$MPI" --container-image="$IMAGE" "$APP" "$@"
