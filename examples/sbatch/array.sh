#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An array job: the same program in the same image, once for each line of a list of inputs.
#   printf '%s\n' file1 file2 file3 file4 > inputs
#   sbatch --export=ALL,IMAGE=/path/to/image.sqsh array.sh
# The image is named and checked once, when the array is submitted: all elements run the same bytes.
#SBATCH --job-name=array
#SBATCH --array=1-4
#SBATCH --ntasks=1
#SBATCH --time=00:10:00
#SBATCH --output=array-%A_%a.out
set -euo pipefail

IMAGE=${IMAGE:-$HOME/images/app.sqsh}
INPUT=$(sed -n "${SLURM_ARRAY_TASK_ID}p" inputs)

# Replace sha256sum by your program. What the image defines aside, it sees the job's environment, SLURM_ARRAY_TASK_ID too.
srun --container-image="$IMAGE" sha256sum "$INPUT" > "result-$SLURM_ARRAY_TASK_ID"
echo "element $SLURM_ARRAY_TASK_ID on $(hostname): $INPUT"
