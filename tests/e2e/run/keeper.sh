#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The keeper holds nothing of its rank's, is nobody's child, ignores signals meant for ranks, and goes by itself.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

mkfifo hold
"$SABOT" run "$IMAGE" -- sh -c 'echo $$ > pid; read _ < hold' &
rank=$!
until_true 5 test -s pid || fail "the rank did not start"
keeper=$(keepers)
[[ $keeper =~ ^[0-9]+$ ]] || fail "keepers: '$keeper'"
expect "the rank is what was started, exec'ed in place" "$rank" "$(cat pid)"
# What it holds, tests/slurm/test-keeper.sh looks at as root: to its own user it shows nothing, least of all the host.
ls "/proc/$keeper/root/" >/dev/null 2>&1 && fail "the keeper shows the host's tree"
ls "/proc/$keeper/fd/" >/dev/null 2>&1 && fail "the keeper shows its descriptors"
[[ $(ps -o ppid= -p "$keeper") -ne $rank ]] || fail "the keeper is the rank's child"
expect "process group" "$(ps -o pgid= -p "$keeper" | xargs)" "$(ps -o sid= -p "$keeper" | xargs)"
[[ $(ps -o sid= -p "$keeper" | xargs) != "$(ps -o sid= -p "$rank" | xargs)" ]] || fail "the keeper is in the rank's session"
contains "the keeper has given up its privileges" "CapEff:"$'\t'"0000000000000000" "$(cat "/proc/$keeper/status")"
contains "no_new_privs" "NoNewPrivs:"$'\t'"1" "$(cat "/proc/$keeper/status")"
for signal in TERM INT HUP USR1; do kill -"$signal" "$keeper"; done
kill -0 "$keeper" || fail "a signal meant for ranks ended the keeper"
[[ -z $(find /tmp -maxdepth 1 -name 'sabot-*') ]] || fail "while it runs: $(find /tmp -name 'sabot-*')"
echo go > hold
wait "$rank" || fail "the rank failed"
until_true 2 no_keeper || fail "the keeper is left"
