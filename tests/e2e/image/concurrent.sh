#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Importers, gc, rm, verify and list at once on one store: every failure has a name, and no named image is lost.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

seconds=${SABOT_STORE_SECONDS:-8} importers=${SABOT_STORE_IMPORTERS:-4}
export SABOT_STORE=$HOME/store
mkdir -p kept && echo kept > kept/file
kept=$("$SABOT" image import -q ./kept kept | cut -d' ' -f1)
for i in 1 2 3; do mkdir -p "tree$i" && echo "$i" > "tree$i/file"; done

# repeat NAME CMD...: until the time is over; what it says when it fails is kept.
repeat() {
  local name=$1 count=0; shift
  while ((SECONDS < end)); do
    "$@" > "said.$name" 2>&1 || cat "said.$name" >> "failed.$name"
    ((++count))
  done
  echo "$count" > "count.$name"
}
import_any() { "$SABOT" image import -q "./tree$((RANDOM % 3 + 1))" "name$((RANDOM % 4))"; }
expire() { touch -d 2001-01-01 "$SABOT_STORE"/leases/* 2> /dev/null || true; }
end=$((SECONDS + seconds))
for ((i = 0; i < importers; ++i)); do repeat "import$i" import_any & done
repeat gc "$SABOT" image gc --older-than 0s &
repeat expire expire &
repeat rm bash -c '"$SABOT" image rm "name$((RANDOM % 4))"' &
repeat verify "$SABOT" image verify &
repeat list "$SABOT" image list --json &
repeat resolve "$SABOT" resolve kept &
wait

for name in gc verify list resolve; do [[ ! -s failed.$name ]] || fail "$name: $(sort -u "failed.$name" | head -5)"; done
# rm and gc, whose leases end here at once, may take an image from its importer: it says that it is gone.
named="no image '(name[0-3]|sha256:[0-9a-f]{64})'|the store has no image|was removed from the store as soon as it was"
unnamed=$(cat failed.* 2> /dev/null | grep -vE "$named" | sort -u | head -5 || true)
[[ -z $unnamed ]] || fail "failures without a name: $unnamed"
expect "the image that had a name all the time" "$kept" "$("$SABOT" resolve kept)"
"$SABOT" image verify > said || fail "something is damaged: $(cat said)"
expect "nothing is left half done" "" "$("$SABOT" image gc > /dev/null; ls "$SABOT_STORE/staging" "$SABOT_STORE/going" 2> /dev/null | grep -v -e : -e '^$' || true)"
echo "$(($(cat count.import* | paste -sd+))) imports, $(cat count.gc) gc, $(cat count.rm) rm"
