#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The man pages render without a warning and name every option, key and argument that the programs know.
# The lists come from the programs' own help and from the rows in the sources, so that a new one is missed here.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

PAGES=(launcher/sabot.1 launcher/sabot.conf.5 spank-plugin/spank_sabot.8)
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
options_of() { "$SABOT" "$@" --help | sed -n '/^Options:/,$p' | grep -oE '^ +(-[a-z],)?--?[a-z-]+' | tr ',' '\n' | tr -d ' '; }
commands_of() { "$SABOT" "$@" --help | sed -n '/^Subcommands:/,$p' | sed -nE 's/^  ([a-z]+)(, ([a-z]+))? .*/\1 \3/p'; }

command -v groff >/dev/null || skip "groff is not installed"
[[ -x $SABOT ]] || skip "$SABOT is not built"

for page in "${PAGES[@]}"; do
  [[ -f $SOURCE/$page ]] || { miss "$page is not there"; continue; }
  warnings=$(groff -man -ww -z "$SOURCE/$page" 2>&1) || true
  [[ -z $warnings ]] || miss "$page: $warnings"
  if command -v mandoc >/dev/null; then
    warnings=$(mandoc -T lint -W warning "$SOURCE/$page") || true
    [[ -z $warnings ]] || miss "$page: $warnings"
  fi
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
mapfile -t words < <(grep -oE 'user_(variable|switch)\("[A-Z]+"' "$SOURCE/launcher/request.cc" | sed -E 's/.*"(.*)"/SABOT_CONTAINER_\1/')
sabot_page "variable" "${words[@]}"
mapfile -t words < <(grep -oE ' kExit[A-Za-z]+ = [0-9]+' "$SOURCE/stage1-hpc/sys/error.h" | sed 's/.* = //')
sabot_page "exit status" "${words[@]}"

mapfile -t words < <(grep -oE 'setting\.is\("[a-z_]+"\)' "$SOURCE/launcher/site_config.cc" | cut -d'"' -f2)
names launcher/sabot.conf.5 "key" "${words[@]}"

mapfile -t words < <(grep -oE '^ *\{Option::[a-z]+, "[a-z-]+"' "$SOURCE/spank-plugin/options.cc" | cut -d'"' -f2 | sed 's/^/--/')
names spank-plugin/spank_sabot.8 "option" "${words[@]}"
sabot_page "option of srun" "${words[@]}"
mapfile -t words < <(grep -oE 'value_of\(argument, "[a-z]+"\)' "$SOURCE/spank-plugin/options.cc" | cut -d'"' -f2 | sed 's/$/=/')
names spank-plugin/spank_sabot.8 "plugstack argument" "${words[@]}"
mapfile -t words < <(grep -oE '"SLURM_SABOT_[A-Z]+"' "$SOURCE/spank-plugin/plugin.h" | tr -d '"')
names spank-plugin/spank_sabot.8 "variable" "${words[@]}"
exit "$missing"
