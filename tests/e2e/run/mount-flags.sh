#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Flags, escapes, tmpfs and umount of --container-mounts do in the kernel what they say.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

mkdir -p data/deep 'odd, a:b\c' && echo content > data/file && cp data/file 'odd, a:b\c/file' && cp /bin/true data/true

# flags_of MOUNTS TARGET: the kernel's flags of the mount at TARGET, and its propagation
flags_of() {
  run --container-mounts="$1" "$IMAGE" -- sh -c "while read -r a b c root target flags rest; do [ \"\$target\" = $2 ] && echo \",\$flags,\${rest%% - *},\"; done < /proc/self/mountinfo"
}
lacks "rw by default" ",ro," "$(flags_of ./data:/data /data)"
contains "nosuid holds anyway" ",nosuid,nodev," "$(flags_of ./data:/data:exec /data)"
contains "ro" ",ro,nosuid,nodev," "$(flags_of ./data:/data:ro /data)"
contains "noexec" ",noexec," "$(flags_of ./data:/data:ro+noexec /data)"
refused 126 "Permission denied" run --container-mounts=./data:/data:noexec "$IMAGE" -- /data/true
run --container-mounts=./data:/data "$IMAGE" -- /data/true || fail "exec is the default"
# in a namespace whose mounts are shared, as a node's usually are
mkdir shared
propagation_of() {
  FLAGS=$1 unshare --user --map-root-user --mount --propagation shared sh -c "mount -t tmpfs tmpfs shared && mkdir shared/m && mount -t tmpfs tmpfs shared/m && exec \"\$SABOT\" --config /nonexistent run --container-mounts=./shared:/s:\$FLAGS $IMAGE -- sed -nE 's!.* (/s[/m]*) [^ ]* (master)?.*!\\1\\2!p' /proc/self/mountinfo" | xargs
}
expect "slave by default" "/smaster /s/mmaster" "$(propagation_of rw)"
expect "private" "/s /s/mmaster" "$(propagation_of private)"
expect "rprivate" "/s /s/m" "$(propagation_of rprivate)"

expect "escaped comma, colon, backslash, blank" "content" "$(run --container-mounts='./odd\,\ a\:b\\c:/o\:\,d' "$IMAGE" -- cat '/o:,d/file')"
expect "the target is the source" "content" "$(run --container-mounts='./odd\, a\:b\\c' "$IMAGE" -- cat "$PWD/odd, a:b\\c/file")"
refused 2 "a colon in a path is written \\:" run --container-mounts='./odd\, a:b\\c:/odd:ro' "$IMAGE" -- true
refused 2 "a backslash stands before" run --container-mounts='./odd\x' "$IMAGE" -- true
refused 125 "bind $PWD/no,such onto /x (--container-mounts): the source on this node: No such file" run --container-mounts='./no\,such:/x' "$IMAGE" -- true
expect "nofail" "no" "$(run --container-mounts=./absent:/x:nofail "$IMAGE" -- sh -c 'test -e /x || echo no')"
expect "a target from the image's root" "content" "$(cd data && run --container-mounts=./file:./srv/file "$IMAGE" -- cat /srv/file)"

tmpfs='sh -c "echo \$(stat -fc %T /t) \$(stat -c %a /t) \$(stat -fc %b*%S /t)"'
expect "tmpfs with mode and size" "tmpfs 1777 $((1048576 / $(getconf PAGESIZE)))*$(getconf PAGESIZE)" "$(eval "run --container-mounts=tmpfs:/t:size=1M+mode=1777 $IMAGE -- $tmpfs")"
refused 1 "Read-only" run --container-mounts=tmpfs:/t:ro "$IMAGE" -- touch /t/x
refused 1 "No space left" run --container-mounts=tmpfs:/t:size=64K "$IMAGE" -- dd if=/dev/zero of=/t/x bs=1M count=1 status=none

fstype() { run --container-mounts="$1" "$IMAGE" -- stat -fc %T "$2"; }
lacks "umount of the pod's own /tmp" "tmpfs" "$(cd / && fstype umount:/tmp /tmp)"
expect "umount brings back what lay below" "tmpfs" "$(fstype "tmpfs:/m,./data:/m,umount:/m" /m)"
run --container-mounts=./data:/m,umount:/m,./data:/m "$IMAGE" -- test -e /m/file || fail "a mount after an umount was dropped as a repetition"
expect "nowhere to start in" "/" "$(run --container-mounts="umount:$PWD" "$IMAGE" -- pwd)"
refused 125 "unmount /srv (--container-mounts): no mount of this pod is there" run --container-mounts=umount:/srv "$IMAGE" -- true
refused 125 "cannot be taken from it" run --container-mounts=umount:/dev/shm "$IMAGE" -- true
run --container-mounts=umount:/srv:nofail "$IMAGE" -- true || fail "umount with nofail"
refused 2 "flag 'rshared' cannot be had" run --container-mounts=./data:/d:rshared "$IMAGE" -- true

printf 'mount tmpfs:/site:size=64K,umount:/tmp\nmount %s/odd\\, a\\:b\\\\c:/od\\,d:ro\n' "$PWD" > site.conf
expect "the site's mounts in the same grammar" "tmpfs content" "$(cd / && CONFIG=$HOME/site.conf run "$IMAGE" -- sh -c 'echo $(stat -fc %T /site) $(cat /od,d/file)')"
printf 'mount /x:/y:rshared\n' > site.conf
refused 125 "line 1: site configuration: '/x:/y:rshared': flag 'rshared' cannot be had" env CONFIG="$PWD/site.conf" "$SABOT" --config "$PWD/site.conf" run "$IMAGE" -- true
until_true 2 no_keeper || fail "a keeper is left: $(keepers)"
