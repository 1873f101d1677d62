#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Host paths are bound where --container-mounts says, and nowhere else.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

mkdir data && echo content > data/file && ln -s /etc data/link
expect "bind" "content" "$(run --container-mounts="$PWD/data:/data" "$IMAGE" -- cat /data/file)"
expect "relative source" "content" "$(run --container-mounts=./data:/data "$IMAGE" -- cat /data/file)"
expect "same path" "content" "$(run --container-mounts="$PWD/data" "$IMAGE" -- cat "$PWD/data/file")"
run --container-mounts=./data:/data "$IMAGE" -- sh -c 'echo more >> /data/file'
expect "written to the host" "content more" "$(tr '\n' ' ' < data/file | xargs)"
refused 1 "Read-only file system" run --container-mounts=./data:/data:ro "$IMAGE" -- touch /data/new
expect "file" "content more" "$(run --container-mounts=./data/file:/etc/motd:ro "$IMAGE" -- cat /etc/motd | xargs)"
expect "missing mount point of a file" "content more" "$(run --container-mounts=./data/file:/a/b/c:ro "$IMAGE" -- cat /a/b/c | xargs)"
expect "deep mount point" "content more" "$(run --container-mounts=./data:/very/deep/place "$IMAGE" -- cat /very/deep/place/file | xargs)"
expect "below /tmp" "content more" "$(run --container-mounts=./data:/tmp/x/y "$IMAGE" -- cat /tmp/x/y/file | xargs)"
expect "two mounts, one below the other" "content more" "$(run --container-mounts=tmpfs:/m,./data:/m/d "$IMAGE" -- cat /m/d/file | xargs)"
expect "below a mount that a symlink of the image leads to" "content more" "$(run --container-mounts=tmpfs:/run,./data:/var/run/x "$IMAGE" -- cat /run/x/file | xargs)"
expect "over a directory of the image" "file link" "$(run --container-mounts=./data:/usr/share/doc "$IMAGE" -- ls -m /usr/share/doc | tr -d ,)"
# /var/run of the image is a symlink to /run: followed inside, never outside
expect "through a symlink of the image" "content more" "$(run --container-mounts=./data:/var/run/data "$IMAGE" -- cat /run/data/file | xargs)"
[[ ! -e /run/data ]] || fail "a mount point was made on the host"
expect "a source that is a symlink" "$(cat /etc/os-release)" "$(run --container-mounts=/etc/os-release:/host-release:ro "$IMAGE" -- cat /host-release)"
refused 125 "bind $PWD/absent onto /data (--container-mounts): the source on this node: No such file" run --container-mounts=./absent:/data "$IMAGE" -- true
refused 125 "is not a directory" run --container-mounts=./data:/etc/os-release/x "$IMAGE" -- true
refused 125 "bind $PWD/data onto /proc/none (--container-mounts)" run --container-mounts=./data:/proc/none "$IMAGE" -- true
refused 2 "the source must begin with / or ." run --container-mounts=data:/data "$IMAGE" -- true
refused 2 "the target must begin with /" run --container-mounts=./data:data "$IMAGE" -- true
refused 2 "unknown flag 'rx'" run --container-mounts=./data:/data:rx "$IMAGE" -- true
refused 2 "an empty entry" run --container-mounts=./data:/data,, "$IMAGE" -- true
refused 2 "control characters" run --container-mounts=$'./data:/da\nta' "$IMAGE" -- true
refused 2 "the root itself" run --container-mounts=./data:/x/.. "$IMAGE" -- true
until_true 2 no_keeper || fail "a keeper is left: $(keepers)"
