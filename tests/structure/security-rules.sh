#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SECURITY.md says of each rule S1 to S14 which tests hold it; those tests exist and carry the rule's number, and none carries
# a number that SECURITY.md does not know of. The source files that it names exist.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

missing=0
miss() { echo "FAIL: $*" >&2; missing=1; }
page=$SOURCE/SECURITY.md
# carriers RULE: the tests that carry it, as SECURITY.md writes them.
carriers() {
  (cd "$TESTS" && {
    grep -lE "^# (S[0-9]+ )*$1( S[0-9]+)*: " ./*/*.sh ./*/*/*.sh || true
    grep -lF "[$1]" -r unit --include='test_*.cc' || true
  }) | sed -E 's|^\./||; s/\.(sh|cc)$//' | sort
}
for n in {1..14}; do
  row=$(grep -E "^\| S$n \|" "$page" || true)
  [[ $(wc -l <<<"$row") == 1 && $row ]] || { miss "S$n has no row of its own in SECURITY.md"; continue; }
  tests=${row%|*}
  tests=${tests##*|}
  named=$(grep -oE '`[^`]+`' <<<"$tests" | tr -d '`' | sort || true)
  [[ $named || $tests == *"none: by reading"* ]] || miss "S$n: no test, and not said why"
  carrying=$(carriers "S$n")
  [[ $named == "$carrying" ]] || miss "S$n: SECURITY.md names: $(xargs <<<"$named"); it is carried by: $(xargs <<<"$carrying")"
done
for file in $(grep -oE '`[a-z0-9/_-]+\.(cc|h)`' "$page" | tr -d '`' | sort -u); do
  [[ -n $(cd "$SOURCE" && git ls-files "$file" "*/$(basename "$file")") ]] || miss "SECURITY.md names $file, which is not there"
done
exit "$missing"
