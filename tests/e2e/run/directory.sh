#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A directory with a root file system is launched as it is: no import, no keeper, mount points that it lacks in place.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

mkdir root && (cd root && mkdir -p bin lib lib64 usr etc home data && echo "root:x:0:0:::/bin/sh" > etc/passwd && echo data > data/file)
for program in sh cat stat ls touch true; do
  cp "/bin/$program" root/bin/
  ldd "/bin/$program" | grep -oE '/\S+' | while read -r library; do mkdir -p "root$(dirname "$library")" && cp -n "$library" "root$library"; done
done
before=$(find root -printf '%p %T@ %s\n' | sort)
unchanged() { expect "the directory" "$before" "$(find root -printf '%p %T@ %s\n' | sort)"; }

expect "a program of the directory" "data" "$(run ./root -- cat /data/file)"
expect "read-only" "touch: cannot touch '/data/new': Read-only file system" "$(run ./root -- touch /data/new 2>&1 || true)"
expect "the caller's line" "home" "$(run ./root -- sh -c 'while IFS=: read -r name x uid rest; do [ "$uid" != 5077 ] || echo home; done < /etc/passwd')"
expect "and the directory's own" "root:x:0:0:::/bin/sh" "$(run ./root -- sh -c 'read -r line < /etc/passwd; echo "$line"')"
run ./root -- sh -c 'test -c /dev/null && test -r /proc/self/maps && test -d /sys/devices && echo x > /tmp/x' || fail "proc, sys, dev, tmp"
expect "the submit directory, which it lacks" "$PWD" "$(run ./root -- sh -c 'pwd; echo written > here' | cat)"
expect "written there" "written" "$(cat here)"; rm here
expect "mount points in directories that are not empty" "x data" \
  "$(mkdir -p source && echo x > source/x; run --container-mounts=./source:/data/deep/er,./source/x:/usr/file ./root -- sh -c 'echo $(cat /data/deep/er/x) $(cat /data/file); test -f /usr/file')"
expect "nothing but what is there" "bin data dev etc home lib lib64 proc sys tmp usr" "$(run ./root -- ls / | xargs)"
expect "nosuid" "yes" "$(run ./root -- sh -c 'while read -r a b c d at flags rest; do [ "$at" != / ] || case $flags in *nosuid*) echo yes;; esac; done < /proc/self/mountinfo')"
mkfifo hold
"$SABOT" --config /nonexistent run ./root -- sh -c 'echo $$ > pid; read _ < hold' &
rank=$!
until_true 5 test -s pid || fail "the command did not start"
expect "the command is what was started" "$rank" "$(cat pid)"
expect "keepers" "" "$(keepers)"
expect "privileges" "CapEff: 0000000000000000 CapBnd: 0000000000000000 NoNewPrivs: 1" "$(grep -E '^(CapEff|CapBnd|NoNewPrivs)' "/proc/$rank/status" | tr '\t' ' ' | xargs)"
echo > hold; wait "$rank" || fail "the command failed"; rm hold pid
refused 127 "no-such in the image: No such file" run ./root -- no-such
refused 2 "the image names no command" run ./root
refused 125 "working directory '/absent'" run --container-workdir=/absent ./root -- true
refused 125 "bind $PWD/absent onto /data (--container-mounts): the source on this node: No such file" run --container-mounts=./absent:/data ./root -- true
code=0; run ./root -- sh -c 'exit 7' || code=$?; expect "exit code" 7 $code
expect "a descriptor of the caller's" "seen" "$(run ./root -- sh -c 'cat <&3' 3<<<seen)"
expect "the caller's umask" "0027" "$(umask 0027; run ./root -- sh -c umask)"
refused 125 "the limit on the size of files (ulimit -f) leaves no room for /etc/" bash -c 'ulimit -f 0; exec "$@"' - "$SABOT" --config /nonexistent run ./root -- true
unchanged

expect "writable" "new data" "$(run --container-writable ./root -- sh -c 'echo new > /data/new; echo $(cat /data/new /data/file); echo x > /bin/true')"
expect "and with a mount point that it lacks" "x" "$(run --container-writable --container-mounts=./source:/data/deep ./root -- sh -c 'cat /data/deep/x; echo x > /data/new')"
unchanged
expect "root inside" "0" "$(run --container-remap-root ./root -- sh -c 'stat -c %u /data/file')"

# The launch configuration that an import would keep.
mkdir root/.sabot && echo '{"Env":["COLOUR=blue"],"Cmd":["sh","-c","echo $COLOUR"],"WorkingDir":"/data"}' > root/.sabot/config.json
expect "its own command and environment" "blue" "$(run ./root)"
expect "its working directory" "/data" "$(run ./root -- sh -c pwd)"
ln -sf /etc/hostname root/.sabot/config.json
expect "a configuration that leads nowhere inside" "fine" "$(run ./root -- sh -c 'echo fine')"
rm root/.sabot/config.json && mkfifo root/.sabot/config.json
refused 125 "not a regular file" run ./root -- true
# Links in the directory lead nowhere else.
rm -r root/.sabot && rm root/etc/passwd && ln -s /etc/group root/etc/passwd && ln -s / root/host
expect "a link to the root" "data" "$(run ./root -- cat /host/data/file)"
until_true 2 no_keeper || fail "a keeper is left: $(keepers)"
[[ ! -e .local ]] || fail "it was imported: $(find .local)"
