#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A /dev/fuse with mode 0600 is named, with the udev rule that opens it.
export SABOT_TEST_FUSE_MODE=600
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
# shellcheck source=tests/lib/check.sh
source "$TESTS/lib/check.sh"

user_namespaces || skip "no user namespaces here"
check_exits 1
expect "closed" failed "$(result_of "fuse device")"
contains "closed" "Permission denied" "$(detail_of "fuse device")"
contains "closed" 'KERNEL=="fuse", MODE="0666"' "$(remedy_of "fuse device")"
expect "user namespaces are there" ok "$(result_of "user namespace")"
expect "the whole" failed "$(result_of "whole launch")"
