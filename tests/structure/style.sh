#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every source file says its license and what it is, is formatted, and leaves nothing to be done.
# Given a tree, that is checked instead of this one.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

cd "${1:-$SOURCE}"
shopt -s nullglob
mapfile -t code < <(git ls-files --cached '*.cc' '*.h' '*.c' | while read -r f; do [[ -e $f ]] && echo "$f"; done)
mapfile -t scripts < <(git grep -lE '^#!' -- . | while read -r f; do [[ $(head -c 2 "$f" 2>/dev/null) == '#!' ]] && echo "$f"; done)
mapfile -t builds < <(git ls-files '*CMakeLists.txt' '*.cmake' | while read -r f; do [[ -e $f ]] && echo "$f"; done)
((${#code[@]} > 0)) || fail "no sources in $PWD"

wrong=()
for file in "${code[@]}"; do
  { read -r first && read -r second; } < "$file" || true
  [[ $first == "// SPDX-License-Identifier: Apache-2.0" || $first == "/* SPDX-License-Identifier: Apache-2.0 */" ]] \
    || wrong+=("$file: no license in its first line")
  [[ $second == *"$(basename "$file"): "* ]] || wrong+=("$file: its second line does not say what it is: $second")
done
for file in "${scripts[@]}" "${builds[@]}"; do
  head -n 3 "$file" | grep -qF "SPDX-License-Identifier: Apache-2.0" || wrong+=("$file: no license in its first lines")
done
left=$(git grep -nwE "TO""DO|FIX""ME|XX""X" -- "${code[@]}" "${scripts[@]}" "${builds[@]}" || true)
[[ -z $left ]] || wrong+=("left to be done: $left")
((${#wrong[@]} == 0)) || fail "$(printf '%s\n' "${wrong[@]}")"

command -v clang-format-14 >/dev/null || skip "clang-format-14 is not installed"
unformatted=$(clang-format-14 --dry-run "${code[@]}" 2>&1 | sed -nE 's/^([^:]+):[0-9]+:.*/\1/p' | sort -u | paste -sd' ')
[[ -z $unformatted ]] || fail "not formatted; clang-format-14 -i $unformatted"
