#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sabot image import, list, show and rm keep a store that says what it has, in text and JSON.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

export SABOT_STORE=$HOME/store
mkdir -p tree/bin && echo one > tree/bin/file
line=$("$SABOT" image import --quiet ./tree first)
digest=$(cut -d' ' -f1 <<<"$line")
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || fail "import says '$line'"
expect "the digest is that of the file" "${digest#sha256:}" "$(sha256sum < "$SABOT_STORE/images/sha256/${digest#sha256:}.squashfs" | cut -d' ' -f1)"
expect "the same input, the same bytes" "$digest" "$("$SABOT" image import --quiet ./tree second | cut -d' ' -f1)"
contains "list" "first, second" "$("$SABOT" image list)"
expect "list in JSON" "$digest first second" "$("$SABOT" --json image list | python3 -c 'import json,sys; r=json.load(sys.stdin)[0]; print(r["digest"], *r["names"])')"
expect "show in JSON" "zstd 131072" "$("$SABOT" --json image show first | python3 -c 'import json,sys; r=json.load(sys.stdin); print(r["compression"], r["block_size"])')"
contains "show" "compression: zstd" "$("$SABOT" image show first)"
tar -C tree -cJf tree.tar.xz .
expect "a compressed tar of the tree is the same image" "$digest" "$("$SABOT" image import --quiet ./tree.tar.xz third | cut -d' ' -f1)"
expect "resolve" "$digest" "$("$SABOT" resolve first)"
expect "resolve a file" "$PWD/x.sqsh" "$(cp "$SABOT_STORE/images/sha256/${digest#sha256:}.squashfs" x.sqsh && "$SABOT" resolve ./x.sqsh)"
"$SABOT" image rm first third
contains "a name is left" "second" "$("$SABOT" image list)"
expect "rm tells what is gone" "$digest" "$("$SABOT" image rm second)"
expect "an empty store" 1 "$("$SABOT" image list | wc -l)"
refused 125 "no image 'second'" "$SABOT" image rm second
refused 125 "no image 'second'" "$SABOT" image show second
refused 2 "unknown command 'bogus'" "$SABOT" bogus
refused 2 "SOURCE is required" "$SABOT" image import
refused 2 "subcommand" "$SABOT"
refused 2 "compression" "$SABOT" image import --compression=rot13 ./tree x
