#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A command runs inside the image, and its output, exit code and signal are its own.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

contains "the image's release" "Debian" "$(run "$IMAGE" -- cat /etc/os-release)"
expect "output" "one two" "$(run "$IMAGE" -- echo one two)"
code() { "$@" >/dev/null 2>&1 && echo 0 || echo $?; }
expect "exit code" 7 "$(code run "$IMAGE" -- sh -c 'exit 7')"
expect "exit code" 0 "$(code run "$IMAGE" -- true)"
expect "killed by TERM" 143 "$(code run "$IMAGE" -- sh -c 'kill -TERM $$')"
expect "killed by SEGV" 139 "$(code run "$IMAGE" -- sh -c 'kill -SEGV $$')"
refused 127 "no-such-program in the image: No such file" run "$IMAGE" -- no-such-program
refused 126 "/etc/passwd in the image: Permission denied" run "$IMAGE" -- /etc/passwd
expect "standard input" "hello" "$(echo hello | run "$IMAGE" -- cat)"
until_true 2 no_keeper || fail "a keeper is left: $(keepers)"
refused 2 "unknown option '--container-writeable'" run --container-writeable "$IMAGE" true
refused 2 "unknown option '--container-writeable'" run "$IMAGE" --container-writeable true
expect "what follows the image's command is its own" "-a --" "$(run "$IMAGE" sh -c 'echo "$@"' x -a --)"
