#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Not a test: ends the cluster of cluster-up.sh.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
SABOT_CLUSTER_DIR=${SABOT_CLUSTER_DIR:-/var/lib/sabot-cluster-ctest} "$TESTS/cluster/cluster" down
