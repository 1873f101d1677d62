#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An OCI layout made by umoci is imported, with its configuration, and runs.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

command -v umoci >/dev/null || skip "umoci is not installed"
command -v busybox >/dev/null || skip "busybox (package busybox-static) is not installed"
export SABOT_STORE=$HOME/store
umoci init --layout layout && umoci new --image layout:v1
umoci unpack --rootless --image layout:v1 bundle >/dev/null
mkdir -p bundle/rootfs/bin bundle/rootfs/etc && cp "$(command -v busybox)" bundle/rootfs/bin/busybox
ln -s busybox bundle/rootfs/bin/sh; ln -s busybox bundle/rootfs/bin/cat; ln bundle/rootfs/bin/busybox bundle/rootfs/bin/hard
echo lower > bundle/rootfs/etc/lower; echo gone > bundle/rootfs/etc/gone
umoci repack --image layout:v1 bundle
rm -r bundle; umoci unpack --rootless --image layout:v1 bundle >/dev/null
rm bundle/rootfs/etc/gone; echo upper > bundle/rootfs/etc/lower
umoci repack --image layout:v1 bundle
umoci config --image layout:v1 --config.env PATH=/bin --config.env FROM=config --config.cmd 'cat' --config.cmd '/etc/lower'
expect "its command" "upper" "$(run oci:layout:v1)"
expect "its environment" "config" "$(run oci:layout:v1 -- sh -c 'echo $FROM')"
run oci:layout:v1 -- sh -c 'test ! -e /etc/gone' || fail "a removed file is there"
refused 125 "v2" run oci:layout:v2 -- true
