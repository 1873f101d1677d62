#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# TaskProlog of the site and the program of --task-prolog run inside the pod, wherever on the host they lie.
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
show='echo "$SLURM_PROCID [$SITE] [$OWN] [$GONE]"'
bare=$(as_user env GONE=no srun -n2 --task-prolog="$WORK/mine" sh -c "$show" | sort)
contains "without a container" "1 [set for 1] [set] []" "$bare"
expect "inside" "$bare" "$(as_user env GONE=no srun --container="$IMAGE" -n2 --task-prolog="$WORK/mine" sh -c "$show" | sort)"
contains "inside, it is the image" "fuseblk" "$(in_image -n1 stat -f -c %T /)"
# A program of --task-prolog in a place that the pod does not have.
program "$SABOT_CLUSTER_DIR/scratch/other" "echo export OWN=other"
: > "$SABOT_CLUSTER_DIR/scratch/unseen"
expect "in a place of the host's" "0 [set for 0] [other] []" "$(in_image --task-prolog="$SABOT_CLUSTER_DIR/scratch/other" -n1 sh -c "$show" | tail -n 1)"
expect "by its variable" "0 [set for 0] [other] []" "$(as_user env SLURM_TASK_PROLOG="$SABOT_CLUSTER_DIR/scratch/other" srun --container-image="$IMAGE" -n1 sh -c "$show" | tail -n 1)"
expect "nothing else of that place is there" "other programs" "$(in_image --task-prolog="$SABOT_CLUSTER_DIR/scratch/other" -n1 ls "$SABOT_CLUSTER_DIR/scratch" | grep -v said | xargs)"
CODE=1 refused "task_prolog can not be executed ($SABOT_CLUSTER_DIR/scratch/absent)" as_user srun --container="$IMAGE" --task-prolog="$SABOT_CLUSTER_DIR/scratch/absent" -n1 touch "$WORK/ran"
printf '#!/no/such/shell\n' > "$SABOT_CLUSTER_DIR/scratch/odd" && chmod 755 "$SABOT_CLUSTER_DIR/scratch/odd"
CODE=127 refused "task-prolog failed status=127" as_user srun --container="$IMAGE" --task-prolog="$SABOT_CLUSTER_DIR/scratch/odd" -n1 touch "$WORK/ran"
printf '#!/bin/sh\n%s\n' "$show" > script
as_user sbatch -Q -o batch --container-image="$IMAGE" script >/dev/null
until_true 20 grep -qs 'set for 0' batch || fail "a batch script: $(cat batch)"
