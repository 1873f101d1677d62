#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A Python program with the image's interpreter and NumPy.
#   sbatch --export=ALL,IMAGE=/path/to/image.sqsh python.sh
#SBATCH --job-name=python
#SBATCH --ntasks=1
#SBATCH --time=00:10:00
#SBATCH --output=python-%j.out
set -euo pipefail

IMAGE=${IMAGE:-$HOME/images/python.sqsh}

# ~/.local of the host is not in the pod unless the job was submitted from the home directory itself; -s keeps Python from
# looking there in that case too. The program comes on standard input here; srun ... python3 -s program.py does as well.
srun --container-image="$IMAGE" python3 -s - <<'PYTHON'
import os
import numpy

values = numpy.random.default_rng(seed=1).normal(size=1_000_000)
print(f"numpy {numpy.__version__} on {os.uname().nodename}: mean {values.mean():+.4f}, deviation {values.std():.4f}")
numpy.save("values.npy", values[:1000])  # relative: the submit directory
PYTHON
