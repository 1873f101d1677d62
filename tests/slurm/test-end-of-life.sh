#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# However a step ends, srun says inside an image what it says without, and within two seconds nothing of ours is left.
# Not here: a time limit, which Slurm counts in minutes (its signals are those of scancel), slurmd's end (test-slurmd-restart).
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

started() { until_true 15 test -e "started.$1" || fail "the step did not start"; }
stop() { started 0; started 1; scancel "$@"; }
again() { started 0; started 1; until_true 10 again_once "$@"; }
again_once() { scancel "$@"; until_true 0 test -e caught; }
# ends HOW [STOPPER...] -- ARGS...: srun ARGS with and without an image; STOPPER runs beside it.
ends() {
  local how=$1 kind code said stopper=(); shift
  while [[ $1 != -- ]]; do stopper+=("$1"); shift; done; shift
  for kind in bare inside; do
    rm -f started.* caught; local from=(as_user "${ON[@]}" srun) code=0
    [[ $kind == bare ]] || from+=(--container="$IMAGE")
    if ((${#stopper[@]})); then "${stopper[@]}" & fi
    said=$("${from[@]}" -J ended -N1 -w node1 "$@" 2>&1) || code=$?
    until_true 2 nothing_left || fail "$how: left behind: $(leftovers node1)"
    wait || fail "$how: the step could not be stopped"
    until_true 10 both_idle || fail "$how: nodes are not idle"
    grep -vE '^srun: (job |StepId=.*: running)' <<<"$said" | sed -E 's/StepId=[0-9.]+|STEP [0-9.]+|AT [-0-9T:]+|[0-9]+s ago//g' | sort -u > "said.$kind"  # -u: a signal may be caught twice
    echo "code $code" >> "said.$kind"
  done
  expect "$how" "$(cat said.bare)" "$(cat said.inside)"
}
ON=()
run='touch started.$SLURM_PROCID; exec sleep 60'
catch='trap "echo caught; touch caught; stat / >/dev/null || exit 9; exit 6" USR1 TERM; touch started.$SLURM_PROCID; while :; do sleep 0.05; done'
ends "scancel" stop -n ended -- -n2 sh -c "$run"; contains "scancel" "code 143" "$(cat said.inside)"
ends "scancel --signal=KILL" stop --signal=KILL -n ended -- -n2 sh -c "$run"
ends "scancel --signal=USR1, caught" again --signal=USR1 -n ended -- -n2 sh -c "$catch"; contains "USR1" "code 6" "$(cat said.inside)"
ends "scancel, TERM caught, the image still there" stop -n ended -- -n2 sh -c "$catch"; contains "TERM" "code 6" "$(cat said.inside)"
ends "--kill-on-bad-exit" -- -n2 --kill-on-bad-exit sh -c '[ $SLURM_PROCID = 1 ] || exit 3; exec sleep 60'
contains "--kill-on-bad-exit" "code 143" "$(cat said.inside)"
ends "--wait" -- -n2 --wait=1 sh -c '[ $SLURM_PROCID = 1 ] || exit 3; exec sleep 60'
ends "a rank that forks and leaves a daemon" -- -n2 sh -c 'setsid sleep 60 >/dev/null 2>&1 <&1 & exit 4'

# Ctrl-C twice, on a terminal.
cat > interrupt.py <<'P'
import os, pty, sys, time
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
said, times = b"", 0
while True:
    try:
        said += os.read(terminal, 4096)
    except OSError:
        break
    if times == 0 and said.count(b"READY") == 2 or times == 1 and b"one more within" in said:
        times += 1
        os.write(terminal, b"\x03")
# What srun says of its progress depends on how the two signals fall between its threads; how it ends does not.
for line in sorted(said.replace(b"\r", b"").decode().splitlines()):
    if line == "READY" or "forcing job termination" in line or "Job step aborted" in line:
        print(line)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
P
ON=(/usr/bin/python3 interrupt.py)
ends "Ctrl-C twice" -- -n2 sh -c 'echo READY; exec sleep 60'
contains "Ctrl-C" "forcing job termination" "$(cat said.inside)"
ON=()

# Suspended and resumed: ranks stand still and then read the image again.
as_user srun --container="$IMAGE" -J held -w node1 -n1 sh -c 'touch started.0; until [ -e go ]; do echo >>beats; sleep 0.05; done; cat /etc/os-release' > held 2>&1 &
rm -f started.*; started 0
job=$(squeue -h -n held -o %A)
state() { [[ $(squeue -h -j "$job" -o %T) == "$1" ]]; }
scontrol suspend "$job"; until_true 5 state SUSPENDED || fail "not suspended"
beats=$(wc -l < beats); touch go
if until_true 1 grep -q PRETTY_NAME held; then fail "a suspended rank went on"; fi
expect "beats while suspended" "$beats" "$(wc -l < beats)"
scontrol resume "$job"
until_true 5 grep -q PRETTY_NAME held || fail "a resumed rank cannot read the image: $(cat held)"
wait || fail "the resumed step failed"
until_true 2 nothing_left || fail "left behind after resume: $(leftovers node1)"

# slurmstepd killed: Slurm leaves the ranks; the image stays theirs and goes with the last of them.
as_user srun --container="$IMAGE" -J orphans -w node1 -n2 sh -c 'touch started.$SLURM_PROCID; until [ -e end ]; do sleep 0.05; done; cat /etc/os-release > read.$SLURM_PROCID' > orphans 2>&1 &
srun=$!
rm -f started.* end; started 0; started 1
on_node node1 pkill -KILL -x slurmstepd
touch end
until_true 5 test -s read.0 -a -s read.1 || fail "a rank lost its image with slurmstepd"
until_true 2 nothing_left || fail "left behind without slurmstepd: $(leftovers node1)"
kill "$srun"; scancel -n orphans
wait "$srun" 2>/dev/null || true
until_true 20 both_idle || fail "nodes are not idle: $(sinfo -N)"
expect "the next step" "fuseblk" "$(in_image -w node1 -n1 stat -f -c %T /)"
