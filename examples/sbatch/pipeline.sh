#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No batch job: run on a login node, it submits a pipeline of jobs that wait for each other. Each may have an image of its own.
#   IMAGE=/path/to/image.sqsh ./pipeline.sh
set -euo pipefail

export IMAGE=${IMAGE:-$HOME/images/app.sqsh}

# stage NAME SBATCH-OPTION... COMMAND: submits a job whose one step runs COMMAND by the image's sh; prints its number. A stage
# whose predecessor failed is taken out of the queue instead of waiting for ever.
stage() {
  local name=$1 command=${*: -1}
  sbatch --parsable --job-name="$name" --output="$name-%A_%a.out" --time=00:10:00 --ntasks=1 --kill-on-invalid-dep=yes \
    "${@:2:$#-2}" --wrap="srun --container-image=\"\$IMAGE\" sh -euc '$command'"
}

# Files of the submit directory lead from one stage to the next.
prepare=$(stage prepare 'seq 1 1000 | split --numeric-suffixes=1 --suffix-length=1 --number=r/4 - part.')
work=$(stage work --array=1-4 --dependency="afterok:$prepare" \
  'awk "{ n += \$1 } END { print n }" "part.$SLURM_ARRAY_TASK_ID" > "sum.$SLURM_ARRAY_TASK_ID"')
collect=$(stage collect --dependency="afterok:$work" 'cat sum.* | awk "{ n += \$1 } END { print n }" > total')
echo "submitted: prepare $prepare, work $work, collect $collect; the result will be in $PWD/total"
