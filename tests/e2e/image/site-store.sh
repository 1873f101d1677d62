#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Images of a site's store are found first and run, by users who cannot write it; a store others can write is refused.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

mkdir -m 755 site && mkdir t && echo site > t/file
SABOT_STORE=$PWD/site "$SABOT" image import -q ./t app > /dev/null
expect "leases of a site's store are for everybody" 1777 "$(stat -c %a site/leases)"
site=$(SABOT_STORE=$PWD/site "$SABOT" resolve app)
echo own > t/file
export SABOT_STORE=$HOME/own
own=$("$SABOT" image import -q ./t app | cut -d' ' -f1)
echo "site_store $PWD/site" > conf
echo "site_store $PWD/nowhere" >> conf
expect "without a site's store" "$own" "$("$SABOT" resolve app)"
expect "the site's is looked into first" "$site" "$("$SABOT" --config conf resolve app)"
expect "both are listed" "2" "$("$SABOT" --config conf image list --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)))')"
refused 125 "no image '${site:7:12}'" "$SABOT" --config conf image rm "${site:7:12}"

# Read-only, with nothing to be locked or written.
chmod -R a-w site
expect "a store that cannot be written" "$site" "$("$SABOT" --config conf resolve app)"
contains "it is verified" "ok" "$("$SABOT" --config conf image verify app)"
chmod -R u+w site && chmod g+w site
refused 125 "can be written by others" "$SABOT" --config conf resolve app
chmod g-w site && chmod o+w "site/images/sha256/${site#sha256:}.squashfs"
refused 125 "can be written by others" "$SABOT" --config conf image show app
