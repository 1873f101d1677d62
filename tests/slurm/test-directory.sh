#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A directory that all nodes see is launched without being imported; ranks of a node share its pod, and no keeper stays.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

mkdir -p root/bin root/etc
for program in sh cat touch stat readlink true; do
  cp "/bin/$program" root/bin/ 2>/dev/null || cp "/usr/bin/$program" root/bin/
  ldd "root/bin/$program" | grep -oE '/\S+\.so\S*' | while read -r library; do mkdir -p "root$(dirname "$library")"; cp -n "$library" "root$library"; done
done
echo here > root/etc/mark
chown -R "$SABOT_CLUSTER_USER": root
inside() { as_user srun --container="$WORK/root" "$@"; }
expect "two nodes" "here here here here" "$(inside -N2 -n4 cat /etc/mark | xargs)"
expect "pods" 2 "$(inside -N2 -n4 sh -c 'echo $SLURM_NODEID $(readlink /proc/self/ns/mnt)' | sort -u | wc -l)"
expect "the submit directory, which it lacks" "$WORK" "$(inside -n1 sh -c pwd)"
expect "no import" "" "$(find "$USER_HOME/.local/share/sabot" -newer root/etc/mark -type f 2>/dev/null)"
CODE=127 refused "command 'no-such' in the container" inside -n1 no-such
expect "read-only" "Read-only file system" "$(inside -n1 touch /etc/new 2>&1 | grep -o 'Read-only file system')"
rm -f started; inside -n2 -N1 -w node1 sh -c '[ $SLURM_PROCID = 1 ] || touch started; until [ -e go ]; do :; done; exit 3' 2>/dev/null & step=$!
until_true 15 test -e started || fail "the step did not start"
no_keeper() { [[ -z $(leftovers node1) ]]; }
until_true 5 no_keeper || fail "a keeper stays: $(leftovers node1)"
touch go; code=0; wait "$step" || code=$?; expect "exit code" 3 "$code"
mkdir no-root
refused "a directory, but no root file system" as_user srun --container="$WORK/no-root" touch "$WORK/ran"
# There where it is submitted, not on the node, which has a /tmp of its own.
private=$(mktemp -d /tmp/root-XXXXXX) && cp -r root/. "$private" && chmod 755 "$private"
CODE=125 refused "image '$private': open on this node: No such file or directory" as_user srun --container="$private" -n1 touch "$WORK/ran"
rm -r "$private"
until_true 2 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
