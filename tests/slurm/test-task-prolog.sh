#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TaskProlog and TaskEpilog of the site, which a `mount` of sabot.conf shows to pods, and --task-prolog from the submit directory.
# A cluster of its own, with a TaskProlog.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
[[ $(id -u) == 0 ]] || skip "root is needed to start a Slurm cluster"
export SABOT_CLUSTER_DIR=${SABOT_CLUSTER_DIR:-/var/lib/sabot-cluster}-prolog
programs=$SABOT_CLUSTER_DIR/scratch/programs
trap '"$TESTS/cluster/cluster" down >/dev/null' EXIT
"$TESTS/cluster/cluster" up --nodes 1 --plugin "$(find "$BUILD" -name spank_sabot.so | head -1)" \
  --plugin-args "libexec=$BUILD/libexec/sabot config=$SABOT_CLUSTER_DIR/scratch/sabot.conf" --conf "TaskProlog=$programs/prolog" --conf "TaskEpilog=$programs/epilog" >/dev/null
trap - EXIT
# shellcheck source=tests/lib/slurm.sh
source "$TESTS/lib/slurm.sh"
trap 'cd /; rm -rf --one-file-system "$WORK"; "$CLUSTER" down >/dev/null' EXIT
leftovers() { on_node node1 pgrep -a '^sabot' || true; }

program() { printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod 755 "$1"; }
mkdir "$programs"
program "$programs/prolog" 'echo print said by TaskProlog; echo "export SITE=set for $SLURM_PROCID"; echo unset GONE'
program "$programs/epilog" ':'
program mine 'echo export OWN=set'
# Not to be seen in the pod: no rank runs, and what Slurm says names the program.
CODE=1 refused "task_prolog can not be executed ($programs/prolog) No such file or directory" as_user srun --container="$IMAGE" -n1 touch "$WORK/ran"
echo "mount $programs:$programs:ro" > "$SABOT_CLUSTER_DIR/scratch/sabot.conf"
show='echo "$SLURM_PROCID [$SITE] [$OWN] [$GONE]"'
bare=$(as_user env GONE=no srun -n2 --task-prolog="$WORK/mine" sh -c "$show" | sort)
contains "without a container" "1 [set for 1] [set] []" "$bare"
expect "inside" "$bare" "$(as_user env GONE=no srun --container="$IMAGE" -n2 --task-prolog="$WORK/mine" sh -c "$show" | sort)"
contains "inside, it is the image" "fuseblk" "$(in_image -n1 stat -f -c %T /)"
# A program of --task-prolog in a place that the pod does not have.
program "$SABOT_CLUSTER_DIR/scratch/other" 'echo export OWN=set'
CODE=1 refused "task_prolog can not be executed ($SABOT_CLUSTER_DIR/scratch/other)" as_user srun --container="$IMAGE" --task-prolog="$SABOT_CLUSTER_DIR/scratch/other" -n1 touch "$WORK/ran"
contains "and with a mount" "[set for 0] [set]" "$(in_image --task-prolog="$SABOT_CLUSTER_DIR/scratch/other" --container-mounts="$SABOT_CLUSTER_DIR/scratch:$SABOT_CLUSTER_DIR/scratch:ro" -n1 sh -c "$show")"
printf '#!/bin/sh\n%s\n' "$show" > script
as_user sbatch -Q -o batch --container-image="$IMAGE" script >/dev/null
until_true 20 grep -qs 'set for 0' batch || fail "a batch script: $(cat batch)"
