#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bash completes every command and option that sabot's help names, images of the store, and files; nothing after the image of
# `sabot run`, where the words are the program's.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
[[ -x $SABOT ]] || fail "no $SABOT; build it first"

top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
export SABOT_STORE=$top/store
mkdir "$top/root" "$top/bin" && ln -s "$SABOT" "$top/bin/sabot" && touch "$top/some-file"
for name in plain other:12; do "$SABOT" image import -q "$top/root" "$name" >/dev/null 2>&1 || fail "import of $name"; done
cd "$top"
PATH=$top/bin:$PATH

# offered LINE: what bash offers where the line ends, on one line. In a shell without settings, as a user's after login.
offered() {
  bash --norc --noprofile -uc 'source "$1"; COMP_LINE=$2 COMP_POINT=${#2}; COMPREPLY=(); _sabot; echo "${COMPREPLY[*]}"' \
    sh "$SOURCE/launcher/sabot.bash-completion" "$1" | tr ' ' '\n' | sort -u | paste -sd' '
}
# options_in COMMAND...: the words of its help that look like options, read in another way than the completion does.
options_in() { "$SABOT" "$@" --help | sed -n '/^Options:/,/^[A-Z][a-z]*:/p' | grep -oE '^  -[^ ]+' | tr -d ' ' | tr ',' '\n' | sort -u | paste -sd' '; }

expect "sabot -" "$(options_in)" "$(offered "sabot -")"
commands=$("$SABOT" --help | sed -n '/^Subcommands:/,$s/^  \([a-z]*\).*/\1/p' | sort | paste -sd' ')
for command in $commands; do contains "sabot " " $command " " $(offered "sabot ") "; done
for command in run resolve check version "image import" "image list" "image show" "image rm"; do
  # shellcheck disable=SC2086
  expect "sabot $command -" "$(options_in $command)" "$(offered "sabot $command -")"
done
expect "sabot image ls, by its other name" "$(options_in image list)" "$(offered "sabot image ls -")"
expect "sabot im" "image" "$(offered "sabot im")"
expect "sabot image i" "import" "$(offered "sabot image i")"
expect "sabot --json im" "image" "$(offered "sabot --json im")"
expect "a value is no command" "image" "$(offered "sabot --config run im")"

expect "images" "plain" "$(offered "sabot run pl")"
expect "images, behind a colon" "12" "$(offered "sabot run other:")"
expect "images to an option" "plain" "$(offered "sabot resolve --container-image=p")"
contains "images to be removed" "plain" "$(offered "sabot image rm other:12 p")"
contains "files are images, too" "some-file" "$(offered "sabot run some")"
contains "files" "some-file" "$(offered "sabot image import some")"
expect "values" "xz" "$(offered "sabot image import --compression x")"
expect "the command's own options" "" "$(offered "sabot run plain -")"
expect "the command's own words" "some-file" "$(offered "sabot run plain cat some")"
expect "a program that is not there: files" "some-file" "$(offered "$top/absent/sabot some")"
lacks "internal commands" "prepare" "$(offered "sabot ")"
