#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The image cannot be written, unless --container-writable says so; what is written goes with the pod.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

refused 1 "Read-only file system" run "$IMAGE" -- touch /opt/new
refused 1 "Read-only file system" run --container-readonly "$IMAGE" -- touch /opt/new
expect "writable" "data" "$(run --container-writable "$IMAGE" -- sh -c 'echo data > /opt/new && cat /opt/new')"
run --container-writable "$IMAGE" -- sh -c 'test ! -e /opt/new' || fail "what one pod wrote is in the next"
run --container-writable "$IMAGE" -- sh -c 'rm -r /usr/share/doc 2>/dev/null; rm /etc/os-release && mkdir /etc/os-release && test -d /etc/os-release' \
  || fail "removing and replacing what the image has"
refused 2 "excludes" run --container-writable --container-readonly "$IMAGE" -- true
echo "writable_size 1M" > small.conf
CONFIG=$PWD/small.conf refused 1 "No space left on device" run --container-writable "$IMAGE" -- dd if=/dev/zero of=/opt/big bs=1M count=2 status=none
