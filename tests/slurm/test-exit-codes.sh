#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Exit codes and deadly signals of a rank reach srun as without a container.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

result() { local code=0 said; said=$("$@" 2>&1) || code=$?; echo "$code $(grep -o 'task [0-9]*: .*' <<<"$said" | sort | xargs)"; }
for command in "true" "exit 7" "kill -TERM \$\$" "kill -SEGV \$\$" "kill -KILL \$\$"; do
  expect "'$command'" "$(result as_user srun -n1 sh -c "$command")" "$(result in_image -n1 sh -c "$command")"
done
for command in no-such-command /no/such/command ./no-such-command; do
  CODE=127 refused "command '$command' in the container: No such file or directory" in_image -n1 "$command"
done
: > plain && chmod 644 plain
CODE=126 refused "command './plain' in the container: Permission denied" in_image -n1 ./plain
CODE=126 refused "command '/usr' in the container: Is a directory" in_image -n1 /usr
CODE=127 refused "PATH there is /nowhere:/usr/bin" as_user env PATH=/nowhere:/usr/bin:/bin srun --container="$IMAGE" --container-env=PATH -n1 no-such-command
printf "0 sh -c true\n1 no-such-command\n" > programs
expect "--multi-prog is left to Slurm" 2 "$(result in_image -n2 --multi-prog programs | cut -d" " -f1)"
until_true 2 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
