#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The first MPI program: four ranks on one node say hello from inside the image.
#   sbatch --export=ALL,IMAGE=/path/to/image.sqsh,APP=./my-program hello-mpi.sh
# The program may be in the image, or in the directory where sbatch is called: that one is mounted in the pod.
#SBATCH --job-name=hello-mpi
#SBATCH --nodes=1
#SBATCH --ntasks=4
#SBATCH --time=00:05:00
#SBATCH --output=hello-mpi-%j.out
set -euo pipefail

IMAGE=${IMAGE:-$HOME/images/openmpi.sqsh}  # a squashfs file that all nodes see, or a name from `sabot image list`
APP=${APP:-./mpi_hello}

# The script runs on the host, its step inside the image. No mpirun: srun is the launcher, the MPI library is the image's.
srun --mpi=pmix --container-image="$IMAGE" "$APP"
