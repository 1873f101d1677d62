#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is no image is refused in one line that names it, and nothing is left behind.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

refused 125 "no such file, and no such image in the store" run nothing -- true
refused 125 "./nothing" run ./nothing -- true
echo text > text
refused 125 "no image, but text that begins with 'text'; an image is a squashfs file, a root file system as a directory or tar, an OCI layout" run ./text -- true
printf '#!/bin/sh\n' > script && refused 125 "no image, but a script" run ./script -- true
refused 125 "no image, but a program or library (ELF)" run /bin/true -- true
printf '\001\377%1000s' '' > noise && refused 125 "no image, but unknown data that begins with '\\x01" run ./noise -- true
mkdir -p no-root/data && echo x > no-root/data/x
refused 125 "image './no-root': a directory, but no root file system: it has none of usr, bin, etc, lib and sbin" run ./no-root -- true
(ulimit -f 0; expect "no file may be written" "fine" "$(run "$IMAGE" -- echo fine)")
head -c 100000 "$IMAGE" > cut.sqsh
refused 125 "cut.sqsh" run ./cut.sqsh -- true
printf 'hsqs%4092s' '' > magic
refused 125 "magic" run ./magic -- true
cp "$IMAGE" secret.sqsh && chmod 000 secret.sqsh
refused 125 "Permission denied" run ./secret.sqsh -- true
refused 125 "docker://127.0.0.1:1/debian" run docker://127.0.0.1:1/debian -- true
refused 125 "sha256:" run "sha256:$(printf '0%.0s' {1..64})" -- true
refused 2 "COMMAND" run "$IMAGE"
mkdir empty && mksquashfs empty empty.sqsh -quiet -no-progress
refused 127 "true in the image: No such file" run ./empty.sqsh -- true
until_true 2 no_keeper || fail "a keeper is left"
[[ -z $(find /tmp -maxdepth 1 -name 'sabot-*') ]] || fail "left behind: $(find /tmp -name 'sabot-*')"
