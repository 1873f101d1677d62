# SPDX-License-Identifier: Apache-2.0
# check.sh: what the tests of `sabot check` share: run it, as a table and as JSON, and look a step up.
# Sourced after user.sh.
# shellcheck shell=bash

user_namespaces() { unshare --user --map-current-user true 2>/dev/null; }

# check_in CMD...: run `sabot check` by way of CMD into TABLE and STEPS, lines of step, result, detail and remedy.
check_in() {
  local json got_table=0 got_json=0
  TABLE=$("$@" "$SABOT" --config "${CONFIG:-/nonexistent}" check) || got_table=$?
  json=$("$@" "$SABOT" --config "${CONFIG:-/nonexistent}" --json check) || got_json=$?
  expect "exit code with --json and without" "$got_table" "$got_json"
  STEPS=$(python3 -c '
import json, sys
for row in json.load(sys.stdin):
    assert list(row) == ["step", "result", "detail", "remedy"], row
    assert row["result"] in ("ok", "warning", "failed", "skipped"), row
    assert row["result"] in ("ok", "skipped") or row["remedy"], row
    print(*row.values(), sep="\t")' <<<"$json") || fail "not the JSON that was promised: $json"
  expect "exit code" "$(grep -qP '^[^\t]*\tfailed\t' <<<"$STEPS" && echo 1 || echo 0)" "$got_table"
  CODE=$got_table
}
# check_exits CODE: the same, directly.
check_exits() {
  check_in env
  [[ $CODE == "$1" ]] || fail "exit code $CODE, not $1:"$'\n'"$TABLE"
}
field_of() { awk -F'\t' -v step="$1" -v field="$2" '$1 == step { print $field; found = 1 } END { exit !found }' <<<"$STEPS" || echo "no step '$1'"; }
result_of() { field_of "$1" 2; }
detail_of() { field_of "$1" 3; }
remedy_of() { field_of "$1" 4; }
