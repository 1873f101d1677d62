#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Links of the documents lead to files, the README's figures are those that the bench printed into docs/launch-figures.md,
# and its line for plugstack.conf is the one that docs/install.md has and tests/slurm/test-installed.sh runs.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

cd "$SOURCE"
missing=0
miss() { echo "FAIL: $*" >&2; missing=1; }
links=0
for page in $(git ls-files '*.md'); do
  while read -r link; do
    links=$((links + 1))
    [[ -e $(dirname "$page")/${link%%#*} ]] || miss "$page: $link leads nowhere"
  done < <(grep -oE '\]\([^)]+\)' "$page" | sed -E 's/^\]\(|\)$//g' | grep -vE '^([a-z]+:|#)' || true)
done
((links > 10)) || fail "only $links links were found: their form has changed"
mapfile -t figures < <(sed -n '/^srun .*, ms /,/^```/p' README.md | sed '/^```/d')
((${#figures[@]} > 2)) || fail "no figures were found in README.md: their form has changed"
for line in "${figures[@]}"; do
  grep -qxF -- "$line" docs/launch-figures.md || miss "README.md: '$line' is no line of docs/launch-figures.md"
done
expect "the line for plugstack.conf in README.md" "$(grep -E '^required ' docs/install.md)" "$(grep -E '^required ' README.md)"
# Files of the tree that the documents name in backquotes.
for word in $(git ls-files '*.md' | xargs grep -ohE '`(spank-plugin|launcher|stage1-hpc|images|tests|examples|packaging|docs)/[A-Za-z0-9_./-]+`' | tr -d '`' | grep -vE 'NAME|GROUP' | sort -u); do
  [[ -e $word || -n $(compgen -G "${word%/}*") ]] || miss "$word is named and not there"
done
exit "$missing"
