#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An array job of Python with the image's NumPy: each task works on its own part and writes its own file.
#   sbatch --export=ALL,IMAGE=/path/to/image.sqsh numpy-array.sh
#SBATCH --job-name=numpy
#SBATCH --array=0-3
#SBATCH --ntasks=1
#SBATCH --time=00:10:00
#SBATCH --output=numpy-%A_%a.out
set -euo pipefail

IMAGE=${IMAGE:-$HOME/images/python.sqsh}

# ~/.local of the host is not in the pod unless the job was submitted from the home directory itself; -s keeps
# Python from looking there in that case too.
srun --container-image="$IMAGE" python3 -s - <<'PYTHON'
import os
import numpy

task = int(os.environ["SLURM_ARRAY_TASK_ID"])
values = numpy.random.default_rng(seed=task).normal(size=1_000_000)
print(f"task {task} on {os.uname().nodename}: mean {values.mean():+.6f}, deviation {values.std():.6f}")
numpy.save(f"values-{task}.npy", values[:1000])  # relative: the submit directory
PYTHON
