#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An import that is killed at any call that changes something leaves a valid store, and the next one finishes.
# Also without locks: flock fails as on a file system that has none.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
command -v strace > /dev/null || skip "strace is not installed"
export ASAN_OPTIONS=detect_leaks=0 # leaks cannot be looked for under strace

most=${SABOT_KILL_POINTS:-12}
export SABOT_STORE=$HOME/store
mkdir -p tree && echo one > tree/file
calls=openat,mkdirat,mkdir,renameat2,renameat,linkat,unlinkat,fsync,fchmod,utimensat,write,ftruncate
import() { "$SABOT" image import -q ./tree app; }

# Without locks, without unnamed files.
wanted=$(strace -f -o /dev/null -e trace=flock -e inject=flock:error=ENOLCK "$SABOT" image import -q ./tree app | cut -d' ' -f1)
[[ $wanted == sha256:* ]] || fail "no import without locks"
strace -f -o calls -e trace=flock,openat "$SABOT" image import -q ./tree app > /dev/null
lacks "no unnamed file is asked for" "O_TMPFILE" "$(cat calls)"
rm -r "$SABOT_STORE"

strace -f -o calls -e trace="$calls" "$SABOT" image import -q ./tree app > /dev/null
total=$(grep -c -v -e '+++' -e '---' calls)
((total > 10)) || fail "only $total calls were seen"
step=$(((total + most - 1) / most))
killed=0
for ((point = 1; point <= total; point += step)); do
  rm -rf "$SABOT_STORE"
  rc=0
  strace -f -o /dev/null -e trace="$calls" -e inject="$calls:signal=KILL:when=$point" "$SABOT" image import -q ./tree app \
    > said 2>&1 || rc=$?
  ((rc == 0)) || ((++killed))
  if [[ -d $SABOT_STORE ]]; then
    "$SABOT" image verify > said || fail "killed at call $point: $(cat said)"
  fi
  expect "the next import after one killed at call $point" "$wanted" "$(import | cut -d' ' -f1)"
  expect "staging after it" "" "$(ls "$SABOT_STORE/staging")"
done
((killed > most / 3)) || fail "only $killed of the imports were killed"
echo "$killed imports killed at one of $total calls"
