#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S1 S5 S7 S8: as root the plugin opens, makes, executes and enters nothing: with an image, slurmstepd makes the system calls
# of a bare step, and one socketpair. Good and forged steps and a batch job are compared, by strace of a real slurmd.
# A cluster of its own: its slurmd is traced, its plugstack.conf is empty at first.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
command -v strace >/dev/null || skip "strace is not installed"
export SABOT_CLUSTER_DIR=/var/lib/sabot-cluster-audit
trap '"$TESTS/cluster/cluster" down >/dev/null' EXIT
NODES=1 "$TESTS/slurm/cluster-up.sh"
trap - EXIT
# shellcheck source=tests/lib/slurm.sh
source "$TESTS/lib/slurm.sh"
trap 'cd /; rm -rf --one-file-system "$WORK"; "$CLUSTER" down >/dev/null' EXIT

plugstack=$SABOT_CLUSTER_DIR/etc/plugstack.conf  # slurmstepd reads it anew for each step
ours=$(<"$plugstack")
slurmd=$(on_node node1 pgrep -x slurmd)
# Names that only the user has chosen. The bytes that are compared have no digits.
mkdir canary canary/source && cp "$IMAGE" canary/image.sqsh && chown -R "$SABOT_CLUSTER_USER": canary
printf '#!/bin/sh\necho done\n' > script && chmod 755 script

no_jobs() { [[ -z $(squeue -h) ]] && both_idle; }
# traced NAME CMD...: what slurmd and its children do meanwhile goes to NAME.trace, what they did as root to NAME.calls.
traced() {
  local name=$1 strace; shift
  : > "$name.log"
  # shellcheck disable=SC2016
  on_node node1 sh -c 'echo $$ > "$0"; exec "$@"' "$WORK/strace.pid" strace -f -s 4096 -o "$WORK/$name.trace" -p "$slurmd" \
    -e trace=%file,%process,%creds,unshare,setns,socketpair,ptrace,fchdir,fchmod,fchown 2>"$name.log" &
  strace=$!
  until_true 10 grep -q attached "$name.log" || fail "strace: $(cat "$name.log")"
  "$@"
  until_true 20 no_jobs || fail "jobs are left: $(squeue)"
  on_node node1 kill -INT "$(cat strace.pid)"
  wait "$strace" || true
  python3 "$TESTS/lib/root_calls.py" "$name.trace" > "$name.calls"
}

bare() {
  as_user srun -n2 true || fail "srun"
  as_user srun -n1 sh -c 'exit 125' 2>/dev/null && fail "srun of a command that fails"
  as_user sbatch -Q -o batch.out script || fail "sbatch"
}
# A step from a client without the plugin, whose environment is as a user can make it: nobody has looked at it.
sed "s|^PlugStackConfig=.*|PlugStackConfig=$WORK/none|" "$SLURM_CONF" > slurm.conf && : > none
forged() {
  as_user env SLURM_CONF="$WORK/slurm.conf" "$@" srun -n1 touch "$WORK/ran" 2>forged && fail "a forged request ran"
  [[ ! -e ran ]] || fail "a forged request ran on the host"
}
in_canary() {
  local options=(--container-image="$WORK/canary/image.sqsh" --container-mounts="$WORK/canary/source:/canary")
  as_user srun -n2 "${options[@]}" --container-workdir=/canary true || fail "srun --container-image"
  forged SLURM_SABOT_IMAGE="$WORK/canary/absent" SLURM_SABOT_MOUNTS="$WORK/canary/../canary:/canary" \
    SLURM_SABOT_WORKDIR="/canary" SLURM_SABOT_STORE="$WORK/canary"
  as_user sbatch -Q -o batch.out "${options[@]}" script || fail "sbatch --container-image"
}

: > "$plugstack"
traced bare bare
echo "$ours" > "$plugstack"
traced image in_canary
contains "the forged step" "canary/absent" "$(cat forged)"
expect "the batch job ran inside" "done" "$(cat batch.out)"
# The trace itself: it has seen a root that reads the plugin, and a user that starts stage0 and uses the image.
(($(wc -l < bare.calls) > 100)) || fail "of the bare step no more was seen than: $(cat bare.calls)"
contains "trace" "spank_sabot.so" "$(cat image.calls)"
[[ -n $(grep -E 'execve\(".*/bin/sabot"' image.trace) ]] || fail "stage0 was not seen"
[[ -n $(grep -F canary/image.sqsh image.trace) ]] || fail "the image was not seen"

touched=$(grep -F canary image.calls || true)
[[ -z $touched ]] || fail "root was led to a name of the user's: $touched"
calls_of() { sed -nE 's/^[0-9]+ (slurmstepd .*)/\1/p' "$1.calls" | sed "s|$(sed 's/[0-9]\+/N/g' <<<"$WORK")|WORK|g" | sort -u; }
# Whom Slurm looks at and kills in the end depends on the moment.
more=$(comm -13 <(calls_of bare) <(calls_of image) | grep -vE '^slurmstepd (t?g?kill |openat /proc/N/stat$)')
expect "what slurmstepd did more, as root" \
  "slurmstepd openat $(sed -E 's/^required ([^ ]*).*/\1/; s/[0-9]+/N/g' <<<"$ours")|slurmstepd socketpair AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, N, [N, N]" \
  "$(paste -sd'|' <<<"$more")"
forks() { awk '$2 == "slurmstepd" && $3 ~ /^(clone3?|v?fork)$/ { n += $1 } END { print n }' "$1.calls"; }
expect "processes forked as root" "$(forks bare)" "$(forks image)"
