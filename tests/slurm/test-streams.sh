#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Standard input, output and error of ranks inside the image are those of a bare srun: to one, to all, from and to files.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

# same WHAT ARGS...: srun with and without the image gives the same lines and code; standard input is $input.
same() {
  local what=$1 bare inside; shift
  bare=$(as_user srun "$@" <"$input" 2>&1; echo "code $?")
  inside=$(in_image "$@" <"$input" 2>&1; echo "code $?")
  expect "$what" "$(sort <<<"$bare")" "$(sort <<<"$inside")"
}
echo_input='stat -f -c %T / >>where; echo "$SLURM_PROCID: $(cat)"'
input=$WORK/lines
seq 1000 > lines
same "input to all" -N2 -n4 sh -c "$echo_input"
same "input to one" -N2 -n4 --input=2 sh -c "$echo_input"
same "no input" -n2 --input=none sh -c "$echo_input"
same "input from a file for all" -n2 --input="$WORK/lines" sh -c "$echo_input"
expect "half of them ran inside" "12 12" "$(sort where | uniq -c | awk '{print $1}' | xargs)"
head -c 3000000 /dev/urandom > bytes; chmod 644 bytes
expect "many bytes, both ways" "$(cksum < bytes)" "$(in_image -n1 cat < bytes | cksum)"
expect "a reader that goes" "$(seq 3)" "$(in_image -n1 seq 1000000 2>/dev/null | head -n 3)"
input=/dev/null
same "labels" -N2 -n4 --label sh -c 'echo out; echo err >&2'
same "a rank that closes its output" -n2 sh -c 'exec >&- 2>&-; exit 5'
# One file per rank. srun's own input is held open: slurmstepd 22.05 dies of its end, also without a container.
for rank in 0 1; do echo "for $rank" > in.$rank; done; chmod 644 in.?
exec {open}<> <(:)
for kind in bare inside; do
  [[ $kind == inside ]] && from=(in_image) || from=(as_user srun)
  "${from[@]}" -N2 -n2 --input=in.%t --output=$kind.%t.%N --error=$kind.err.%n sh -c 'cat; hostname; echo err >&2' <&"$open"
done
for file in %t0 %t1; do rank=${file#%t}; node=node$((rank + 1))
  expect "files of rank $rank" "$(printf 'for %s\n%s' "$rank" "$node")" "$(cat inside.$rank.$node)"
  expect "files as without a container" "$(cat bare.$rank.$node bare.err.$rank)" "$(cat inside.$rank.$node inside.err.$rank)"
done
until_true 2 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
