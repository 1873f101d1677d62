#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S3 S12: values with quotes, blanks, commands, escapes, and of any length are taken as they are, printed harmlessly, and refused.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

ask() { as_user srun --container="$1" touch "$WORK/ran"; }
mounted() { as_user srun --container="$IMAGE" --container-mounts="$1" touch "$WORK/ran"; }
within() { as_user srun --container="$IMAGE" --container-workdir="$1" touch "$WORK/ran"; }
# harmless CODE TEXT CMD...: refused, and no control character but newlines reaches the terminal.
harmless() {
  CODE=$1 refused "${@:2}"
  [[ $SAID != *[$'\x01'-$'\x09\x0b'-$'\x1f\x7f']* ]] || fail "control characters in the message of: ${*:3}"
}
harmless 125 '\x0a' ask $'/a\nb'
harmless 2 '\x0a' mounted $'/a\nb'
harmless 2 '\x0a' within $'/a\nb'
harmless 125 '\x1b[31m' ask $'/a\e[31mb\a'
harmless 2 '\x1b[31m' mounted $'/etc:/a\e[31mb\a'
for value in '/a"b' "/a'b" "/\$(touch $WORK/ran)" "/\`touch $WORK/ran\`" "/;touch $WORK/ran" '/a%sb%n' '/a b'; do
  harmless 125 "image '$value'" ask "$value"
done
for value in '/a"b' "/\$(touch $WORK/ran)" '/a%sb%n'; do
  harmless 125 "bind $value onto $value (--container-mounts): the source on this node: No such file or directory" mounted "$value"
  harmless 125 "working directory '$value'" within "$value"
done
harmless 125 '\x80\xff' ask $'/\x80\xff'
harmless 125 "'--help' is not an image name" ask --help
harmless 2 "unknown flag 'weird'" mounted /etc:/x:weird
harmless 2 "'rel' is no absolute path" within rel
CODE=255 refused "unrecognized option '--container-nonsense'" as_user srun --container-nonsense touch "$WORK/ran"

# The same through the job's environment, which a user can set to anything: said at the latest on the node.
forged() { as_user env SLURM_SABOT_ORIGIN=job SLURM_SABOT_IMAGE="$IMAGE" "$@" srun touch "$WORK/ran"; }
harmless 125 '\x1b' forged SLURM_SABOT_IMAGE=$'/a\e[31mb'
harmless 2 '\x1b' forged SLURM_SABOT_WORKDIR=$'/a\e[31mb'
harmless 2 '\x1b' forged SLURM_SABOT_MOUNTS=$'/a\e[31mb'

# Too long for any buffer: never cut, never forgotten. An option is refused in one line; with a value that exec would not
# take, nothing is started at all.
long=/$(head -c 20000 /dev/zero | tr '\0' x)
longest=/$(head -c 130000 /dev/zero | tr '\0' x)
too_long() {
  local code=0; rm -f "$WORK/ran"
  "$@" >/dev/null 2>&1 || code=$?
  [[ $code -ne 0 && $code -ne 124 ]] || fail "exit code $code of: ${*:0:60}"
  [[ ! -e $WORK/ran ]] || fail "the rank ran on the host: ${*:0:60}"
}
one_line() {
  CODE=2 refused "$1: longer than 16383 bytes" "${@:2}"
  expect "lines of the message of $1" 1 "$(wc -l <<<"$SAID")"
}
for value in "$long" "$longest"; do
  one_line "srun: error: sabot: --container" ask "$value"
  one_line "srun: error: sabot: --container-image" as_user srun --container-image="$value" touch "$WORK/ran"
  one_line "srun: error: sabot: --container-mounts" mounted "$value"
  one_line "srun: error: sabot: --container-workdir" within "$value"
  one_line "sbatch: error: sabot: --container-image" as_user sbatch --container-image="$value" --wrap="touch $WORK/ran"
  for name in SLURM_SABOT_IMAGE SLURM_SABOT_MOUNTS SLURM_SABOT_WORKDIR; do too_long forged $name="$value"; done
  for name in IMAGE MOUNTS WORKDIR; do too_long as_user env SABOT_CONTAINER_IMAGE="$IMAGE" SABOT_CONTAINER_$name="$value" srun touch "$WORK/ran"; done
done
until_true 5 both_idle || fail "nodes are not idle: $(sinfo -N)"
until_true 3 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
