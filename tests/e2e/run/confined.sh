#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A keeper serves its image, and ends, with no call that its filter refuses; the filter is in force meanwhile.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

grep -q '^SABOT_SANITIZE:BOOL=ON' "$BUILD/CMakeCache.txt" 2>/dev/null && sanitized=1 || sanitized=
mkfifo hold
"$SABOT" --config /nonexistent run "$IMAGE" -- sh -c 'echo > started; read _ < hold' &
rank=$!
until_true 5 test -e started || fail "the rank did not start"
status=$(cat "/proc/$(keepers)/status")
expect "filters that the keeper is under" "$([[ $sanitized ]] && echo 0 || echo 2)" "$(awk '/^Seccomp:/ { print $2 }' <<<"$status")"
limits=$(cat "/proc/$(keepers)/limits")
[[ $sanitized ]] || grep -qE '^Max file size +1048576 +1048576 ' <<<"$limits" || fail "the keeper may write large files: $limits"
[[ $sanitized ]] || grep -qE '^Max core file size +0 +0 ' <<<"$limits" || fail "the keeper may dump core: $limits"
echo > hold
wait "$rank"
expect "a rank is under no filter of ours" "$(awk '/^Seccomp:/ { print $2 }' /proc/self/status)" \
  "$(run "$IMAGE" -- awk '/^Seccomp:/ { print $2 }' /proc/self/status)"
expect "under a lower limit of files" 0 "$(ulimit -f 0; run "$IMAGE" -- sh -c 'ulimit -f')"
[[ -z $sanitized ]] || exit 0

# Everything that an image is asked for, by many at once, until the last of them goes.
# shellcheck disable=SC2016
use='ls -lR /usr/lib /etc >/dev/null 2>&1; readlink /etc/mtab; df / >/dev/null; test -w /usr; ls /absent 2>/dev/null
  for i in 1 2 3 4; do (cat /usr/lib/x86_64-linux-gnu/*.so* >/dev/null; python3 -c "
import mmap, os
m = mmap.mmap(os.open(\"/usr/bin/python3\", os.O_RDONLY), 0, prot=mmap.PROT_READ)
try: os.listxattr(\"/usr\")
except OSError: pass
print(len(bytes(m)) > 0, os.statvfs(\"/\").f_bsize > 0)") & done; wait'
for how in "" --container-writable --container-remap-root --container-pin=core; do
  # shellcheck disable=SC2086
  strace -f -qq -o trace "$SABOT" --config /nonexistent run $how "$IMAGE" -- sh -c "$use" >said || fail "it did not run: $(cat said)"
  until_true 5 no_keeper || fail "the keeper is left"
  expect "$how: what the ranks saw" 4 "$(grep -c '^True ' said)"
  # From the filter on, in the process that installed it and in its threads; a rank may be refused what it likes.
  # clone3: its flags cannot be filtered, libc takes clone. openat: libfuse asks whether /dev/null is needed, malloc for the
  # overcommit setting; both carry on, and a path is what a server of one open file has no business with.
  keeper=$(awk '$2 ~ /^seccomp\(/ { print $1; exit }' trace)
  [[ $keeper ]] || fail "$how: no filter was installed"
  threads=$(awk -v keeper="$keeper" '$1 == keeper && / seccomp\(/ { ours[keeper] }
    $1 in ours && /clone(\(| resumed)/ && $NF > 0 { ours[$NF] } END { for (t in ours) print t }' trace)
  refused=$(awk -v list="$threads" 'BEGIN { split(list, t, "\n"); for (i in t) ours[t[i]] } / seccomp\(/ { on = 1 }
    on && $1 in ours && /= -1 E(NOSYS|PERM|ACCES)/ && !/(clone3|openat)(\(| resumed)/' trace)
  (($(wc -l <<<"$threads") > 2)) || fail "$how: the threads of the keeper were not found: $threads"
  [[ -z $refused ]] || fail "$how: the keeper was refused: $(sort -u -k2 <<<"$refused" | head -n 5)"
done
