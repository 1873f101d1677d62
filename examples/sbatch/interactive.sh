#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No batch job: an interactive session, started on a login node. Each command that srun runs in it is in the image.
#   IMAGE=/path/to/image.sqsh ./interactive.sh             a shell; leave it with exit
#   IMAGE=/path/to/image.sqsh ./interactive.sh COMMAND...  a command instead of the shell
set -euo pipefail

IMAGE=${IMAGE:-$HOME/images/app.sqsh}

# The image is checked (and imported, if it is no squashfs file) before the allocation is asked for. In the session:
#   srun ./program                                  inside, as each step of the allocation
#   srun --container-image=none hostname            on the host
#   srun --container-mounts=/data:/data:ro ls /data inside, with other mounts than those of salloc
#   srun --pty bash                                 a shell inside
# Where the site sets LaunchParameters=use_interactive_step, the shell of salloc itself is inside the image.
exec salloc --ntasks="${NTASKS:-2}" --time=00:30:00 --container-image="$IMAGE" "$@"
