#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sabot image gc removes what nobody uses, says why the rest stays, and leaves what a pod runs from alone.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

export SABOT_STORE=$HOME/store
mkdir -p one two && echo 1 > one/file && echo 2 > two/file
one=$("$SABOT" fetch -q "$PWD/one" | cut -d' ' -f1)
two=$("$SABOT" image import -q ./two named | cut -d' ' -f1)
expire() { touch -d 2001-01-01 "$SABOT_STORE"/leases/*; }

contains "just fetched: a job may be about to use it" "stays: needed by a job that user" "$("$SABOT" image gc -n --older-than 0s)"
expire
contains "unused for a week only" "stays: used not long ago" "$("$SABOT" image gc -n)"
expect "a dry run removes nothing" 2 "$("$SABOT" image gc -n --older-than 0s --all > /dev/null; "$SABOT" image list --json | grep -o sha256: | wc -l)"
contains "named ones stay" "removed 1 of 2 images" "$("$SABOT" image gc --older-than 0s)"
lacks "the one without a name is gone" "${one:7:12}" "$("$SABOT" image list)"
"$SABOT" resolve named > /dev/null
contains "what was asked for is kept" "removed 0 of 1" "$("$SABOT" image gc --older-than 0s --all)"
expect "JSON says why" "kept needed" "$("$SABOT" image gc --older-than 0s --all --format=json | python3 -c 'import json,sys; r=json.load(sys.stdin)[0]; print(r["verdict"], r["why"].split()[0])')"

# A pod's image is needed as long as its keeper lives.
"$SABOT" image import -q "$IMAGE" base > /dev/null
base=$("$SABOT" resolve base)
mkfifo hold
"$SABOT" run base -- sh -c 'echo in; read -r _' < hold > out &
pod=$!
exec 9> hold
until_true 20 grep -q in out || fail "the pod does not start"
expire
contains "a running pod keeps its image" "needed by a process" "$("$SABOT" image gc -n --older-than 0s --all | grep "$base")"
refused 125 "needed by a process" "$SABOT" image rm base
echo >&9; exec 9>&-
wait "$pod"
until_true 20 bash -c '! "$0" image gc -n --older-than 0s --all | grep -q "needed by a process"' "$SABOT" || fail "the lease outlives the pod"
expect "rm by the beginning of a digest" "$base" "$("$SABOT" image rm "${base:0:17}")"
expect "size" "removed 1 of 1 images" "$(expire; "$SABOT" image gc --all --size 0 | tail -1 | cut -d, -f1)"
lacks "all is gone" "$two" "$("$SABOT" image list --json)"
refused 2 "no duration" "$SABOT" image gc --older-than soon
refused 2 "no size" "$SABOT" image gc --size big
expect "no store, nothing to do" "removed 0 of 0 images, 0 B" "$(SABOT_STORE=$HOME/none "$SABOT" image gc)"
