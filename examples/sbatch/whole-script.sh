#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The batch script itself runs inside the image, on the first node of the job.
#   sbatch --container-image=/path/to/image.sqsh whole-script.sh      (the command line wins over the line below)
# sbatch expands no variables in #SBATCH lines: write the path in full, or a name from `sabot image list`.
#SBATCH --container-image=/path/to/image.sqsh
#SBATCH --job-name=inside
#SBATCH --ntasks=1
#SBATCH --time=00:10:00
set -eu

# The interpreter in the first line is the image's. Slurm's commands are there only if the image has them, so this
# form is for jobs of one node; a job with steps keeps its script on the host and says --container-image to srun.
# shellcheck source=/dev/null
. /etc/os-release
echo "job $SLURM_JOB_ID runs in ${PRETTY_NAME:-an image without a name}, in $PWD"
date > "finished-$SLURM_JOB_ID"  # the submit directory, as on the host
