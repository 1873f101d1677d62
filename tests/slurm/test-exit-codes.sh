#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Exit codes and deadly signals of a rank reach srun as without a container.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

result() { local code=0 said; said=$("$@" 2>&1) || code=$?; echo "$code $(grep -o 'task [0-9]*: .*' <<<"$said" | sort | xargs)"; }
for command in "true" "exit 7" "kill -TERM \$\$" "kill -SEGV \$\$" "kill -KILL \$\$"; do
  expect "'$command'" "$(result as_user srun -n1 sh -c "$command")" "$(result in_image -n1 sh -c "$command")"
done
expect "a command that the image lacks" 2 "$(result in_image no-such-command | cut -d' ' -f1)"
until_true 2 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
