#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CPU masks inside the image equal those of the bare srun, where Slurm bound the ranks or they are not to be placed.
# A cluster of its own: one that claims more CPUs than the machine has does not bind.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
export SABOT_CLUSTER_DIR=/var/lib/sabot-cluster-masks
trap '"$TESTS/cluster/cluster" down >/dev/null' EXIT
CPUS=2 "$TESTS/slurm/cluster-up.sh"
trap - EXIT
# shellcheck source=tests/lib/slurm.sh
source "$TESTS/lib/slurm.sh"
trap 'cd /; rm -rf --one-file-system "$WORK"; "$CLUSTER" down >/dev/null' EXIT

for binding in "-n4" "-n4 --cpu-bind=cores" "-n4 --cpu-bind=none" "-n2 --cpus-per-task=2"; do
  export SABOT_CONTAINER_PIN=auto
  [[ $binding != *=none ]] || SABOT_CONTAINER_PIN=none
  bare=$(as_user srun -N2 $binding grep Cpus_allowed_list /proc/self/status | sort)
  inside=$(in_image -N2 $binding grep Cpus_allowed_list /proc/self/status | sort)
  expect "masks with '$binding'" "$bare" "$inside"
done
