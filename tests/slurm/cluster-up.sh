#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Not a test: ctest's fixture that starts the cluster with this build's plugin. cluster-down.sh ends it.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
[[ $(id -u) == 0 ]] || skip "root is needed to start a Slurm cluster"
export SABOT_CLUSTER_DIR=${SABOT_CLUSTER_DIR:-/var/lib/sabot-cluster-ctest}
plugin=$(find "$BUILD" -name spank_sabot.so | head -1)
"$TESTS/cluster/cluster" up --nodes "${NODES:-2}" --cpus "${CPUS:-4}" --plugin "$plugin" \
  --plugin-args "libexec=$BUILD/libexec/sabot config=$SABOT_CLUSTER_DIR/etc/sabot.conf"
