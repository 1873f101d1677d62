#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --container-env, --container-mount-home and --container-remap-root do what they say, and no more.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

mkdir -p root/bin && cp "$(command -v busybox)" root/bin/busybox || skip "busybox (package busybox-static) is not installed"
for program in sh env id cat chown stat touch mount; do ln -s busybox root/bin/$program; done
mkdir -p root/etc root/.sabot && echo 'root:x:0:0:root:/root:/bin/sh' > root/etc/passwd
echo '{"Env":["PATH=/bin","COLOUR=image","SHAPE=image"]}' > root/.sabot/config.json
export SABOT_STORE=$HOME/store
"$SABOT" image import --quiet ./root app >/dev/null

export COLOUR=caller
expect "the image wins" "image" "$(run app sh -c 'echo $COLOUR')"
expect "--container-env" "caller image" "$(run --container-env=COLOUR,SHAPE app sh -c 'echo $COLOUR $SHAPE')"
refused 2 "'1X' is no variable's name" run --container-env=COLOUR,1X app true
refused 2 "'' is no variable's name" run --container-env=COLOUR, app true
expect "from the environment" "caller" "$(SABOT_CONTAINER_ENV=COLOUR run app sh -c 'echo $COLOUR')"

cd / && run app sh -c 'test ! -e /tmp/home' || fail "the home is there unasked"
# The test's user has no account; one line gives it one, in this mount namespace of ours alone it cannot be added: skip.
refused 125 "knows no home directory" run --container-mount-home app true
refused 2 "excludes" run --container-mount-home --no-container-mount-home app true
cd "$HOME"

expect "remapped: root inside" "0 0 root /root" "$(run --container-remap-root app sh -c 'echo $(id -u) $(id -g) $USER $HOME')"
contains "with privileges over the pod" "CapEff:"$'\t'"000001ff" "$(run --container-remap-root app cat /proc/self/status)"
run --container-remap-root --container-writable app sh -c 'touch /new && chown 0:0 /new && mount -t tmpfs none /etc' || fail "what root does in its pod"
refused 1 "ermission denied" run --container-remap-root --container-mounts=/etc:/host app sh -c 'echo x > /host/sabot-test'
expect "what it writes is the caller's" "5077" "$(run --container-remap-root app touch made && stat -c %u made)"
expect "off by default" "5077" "$(run app id -u)"
printf 'remap_root yes\n' > site.conf
CONFIG=$PWD/site.conf expect "the site's default" "0" "$(CONFIG=$PWD/site.conf run app id -u)"
expect "and the caller's word" "5077" "$(CONFIG=$PWD/site.conf run --no-container-remap-root app id -u)"
until_true 2 no_keeper || fail "a keeper is left: $(keepers)"
