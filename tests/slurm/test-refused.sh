#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S4 S14: if an image was asked for and cannot be entered, the rank does not run: one line, exit 125, the node stays idle.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

ask() { as_user srun --container="$WORK/img.sqsh" "$@" touch "$WORK/ran"; }
cp --reflink=auto "$IMAGE" img.sqsh
# The submitting side is satisfied; the node is not: the file is gone, or another, when the step starts.
published() { as_user env SLURM_SABOT_ORIGIN=step SLURM_SABOT_IMAGE="$1" srun touch "$WORK/ran"; }
refused "No such file" as_user srun --container="$WORK/absent.sqsh" touch "$WORK/ran"
refused "the source on this node: No such file" as_user srun --container="$WORK/img.sqsh" --container-mounts=/absent:/data touch "$WORK/ran"
refused "working directory '/absent'" as_user srun --container="$WORK/img.sqsh" --container-workdir=/absent touch "$WORK/ran"
on_host_only=$(mktemp /tmp/sabot-test-XXXXXX.sqsh) && cat img.sqsh > "$on_host_only" && chmod 644 "$on_host_only"  # nodes have a /tmp of their own
refused "open on this node" as_user srun --container="$on_host_only" touch "$WORK/ran"
expect "and every rank says it in one line" 4 "$(as_user srun -N2 -n4 --container="$on_host_only" true 2>&1 | grep -c '^sabot: error: rank [0-3] on node[12]: ')"
rm "$on_host_only"
# forged: the option arrives at the node, the client's answer does not
refused "the submitting command did not hand it over" as_user env _SLURM_SPANK_OPTION_sabot_container_image=/x srun touch "$WORK/ran"
