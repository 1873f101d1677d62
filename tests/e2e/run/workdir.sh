#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ranks start in --container-workdir, else the image's directory, else the submit directory, else /.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

expect "the submit directory" "/tmp/home" "$(run "$IMAGE" -- pwd)"
echo data > file
expect "its content" "data" "$(run "$IMAGE" -- cat file)"
run "$IMAGE" -- sh -c 'echo new > written'
expect "it is writable" "new" "$(cat written)"
expect "--container-workdir" "/usr/lib" "$(run --container-workdir=/usr/lib "$IMAGE" -- pwd)"
refused 125 "working directory '/absent' in the image: No such file or directory; choose another with --container-workdir" run --container-workdir=/absent "$IMAGE" -- true
refused 2 "is no absolute path" run --container-workdir=usr "$IMAGE" -- true
cd /usr/lib
expect "a submit directory that would hide the image's files is not bound" "/" "$(run "$IMAGE" -- pwd)"
run "$IMAGE" -- test -e /usr/lib/os-release || fail "the image's /usr/lib is hidden"
cd /
expect "submitted from /" "/" "$(run "$IMAGE" -- pwd)"
