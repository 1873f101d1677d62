#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The man pages render without a warning and name every option, key and argument that the programs know.
# The lists come from the programs' own help and from the rows in the sources, so that a new one is missed here.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

PAGES=(launcher/sabot.1 launcher/sabot.conf.5 launcher/sabot-store.5 spank-plugin/spank_sabot.8)
missing=0
miss() { echo "FAIL: $*" >&2; missing=1; }

# A page as plain text: what a reader would search in.
text_of() { groff -man -Tascii -P-c -P-b -P-u -rLL=500n -rHY=0 "$SOURCE/$1" 2>/dev/null; }

# names PAGE WHAT WORD...: each word stands in the page, not as a part of a longer one; and there are words at all.
names() {
  local page=$1 what=$2 text word; shift 2
  (($# > 0)) || fail "no $what found: the source of the list has changed its shape"
  text=$(text_of "$page")
  for word in "$@"; do
    [[ $word == *= ]] || word+='([^[:alnum:]_-]|$)'  # name= is followed by its value
    grep -qE -- "(^|[^[:alnum:]_-])$word" <<<"$text" || miss "$page: $what ${word%%(*} is not there"
  done
}

# Words of `sabot COMMAND... --help`: its options, and its subcommands.
options_of() { "$SABOT" "$@" --help | sed -n '/^Options:/,$p' | sed -nE 's/^  (-[^ ]+).*/\1/p' | tr ',' '\n'; }
commands_of() { "$SABOT" "$@" --help | sed -n '/^Subcommands:/,$p' | sed -nE 's/^  ([a-z]+)(, ([a-z]+))? .*/\1 \3/p'; }

command -v groff >/dev/null || skip "groff is not installed"
command -v mandoc >/dev/null || skip "mandoc is not installed"
[[ -x $SABOT ]] || skip "$SABOT is not built"

for page in "${PAGES[@]}"; do
  [[ -f $SOURCE/$page ]] || { miss "$page is not there"; continue; }
  warnings=$(groff -man -ww -z "$SOURCE/$page" 2>&1) || true
  [[ -z $warnings ]] || miss "$page: $warnings"
  warnings=$(mandoc -T lint -W warning "$SOURCE/$page") || true
  [[ -z $warnings ]] || miss "$page: $warnings"
  for section in NAME SYNOPSIS DESCRIPTION EXAMPLES "SEE ALSO"; do
    grep -q "^\.SH $section\$" "$SOURCE/$page" || miss "$page has no section $section"
  done
done
((missing == 0)) || exit 1

sabot_page() { names launcher/sabot.1 "$@"; }
mapfile -t words < <(options_of)
sabot_page "option of sabot" "${words[@]}"
for command in $(commands_of); do
  sabot_page "command of sabot" "$command"
  mapfile -t words < <(options_of "$command")
  sabot_page "option of sabot $command" "${words[@]}"
  for sub in $(commands_of "$command"); do
    sabot_page "command of sabot $command" "$sub"
    mapfile -t words < <(options_of "$command" "$sub")
    sabot_page "option of sabot $command $sub" "${words[@]}"
  done
done
mapfile -t words < <(grep -oE 'user_(variable|switch)\("[A-Z_]+"' "$SOURCE/launcher/request.cc" | sed -E 's/.*"(.*)"/SABOT_CONTAINER_\1/')
sabot_page "variable" "${words[@]}"
mapfile -t words < <(grep -oE ' kExit[A-Za-z]+ = [0-9]+' "$SOURCE/stage1-hpc/sys/error.h" | sed 's/.* = //')
sabot_page "exit status" "${words[@]}"


mapfile -t keys < <(grep -oE 'setting\.is\("[a-z_]+"\)' "$SOURCE/launcher/site_config.cc" | cut -d'"' -f2)
names launcher/sabot.conf.5 "key" "${keys[@]}"
mapfile -t options < <(grep -oE '^ *\{Option::[a-z_]+, "[a-z-]+"' "$SOURCE/spank-plugin/options.cc" | cut -d'"' -f2 | sed 's/^/--/')
count=$(sed -nE 's/.* kOptionCount = ([0-9]+);/\1/p' "$SOURCE/spank-plugin/plugin.h")
[[ ${#options[@]} == "$count" ]] || fail "${#options[@]} rows of options were found in options.cc, kOptionCount is $count"
names spank-plugin/spank_sabot.8 "option" "${options[@]}"
sabot_page "option of srun" "${options[@]}"
mapfile -t words < <(grep -oE 'value_of\(argument, "[a-z]+"\)' "$SOURCE/spank-plugin/options.cc" | cut -d'"' -f2 | sed 's/$/=/')
names spank-plugin/spank_sabot.8 "plugstack argument" "${words[@]}"
mapfile -t words < <(grep -rhoE '"SLURM_SABOT_[A-Z_]+"' "$SOURCE/spank-plugin" "$SOURCE/launcher" | tr -d '"' | sort -u)
names spank-plugin/spank_sabot.8 "variable" "${words[@]}"

# And the other way: what the pages and guides name is there. heads PAGE: the words that begin a paragraph of their own.
heads() { sed -nE '/^\.TP/{n;s/\\f.//g;s/\\-/-/g;p}' "$SOURCE/$1"; }
known=$(printf '%s\n' "${options[@]}" --container)
for command in "" $(commands_of); do
  # shellcheck disable=SC2086
  known+=$'\n'$(options_of $command; for sub in $(commands_of $command); do options_of "$command" "$sub" 2>/dev/null || true; done)
done
for word in $(for page in "${PAGES[@]}"; do heads "$page" | grep -oE -- '--[a-z][a-z-]+'; done | sort -u); do
  grep -qxF -- "$word" <<<"$known" || miss "$word is described, but no program knows it"
done
# Of Pyxis's options some are said to be unknown.
for word in $(cd "$SOURCE" && sed '/^\.SH COMING FROM PYXIS/,/^\.SH/d; s/\\-/-/g' "${PAGES[@]}" README.md docs/*.md examples/sbatch/*.sh |
  grep -oE -- '--(no-)?container[a-z-]*' | sort -u); do
  grep -qxF -- "$word" <<<"$known" || [[ $word == *- ]] || miss "$word is written about, but no program knows it"
done
expect "keys that sabot.conf(5) describes" "$(printf '%s\n' "${keys[@]}" | sort -u | xargs)" \
  "$(sed -n '/^\.SH KEYS/,/^\.SH NOTES/p' "$SOURCE/launcher/sabot.conf.5" | sed -nE '/^\.TP/{n;s/^\.BI? ([a-z_]+).*/\1/p}' | sort -u | xargs)"
exit "$missing"
