#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# srun --pty and the shell of salloc have a terminal inside the image, which resizes, as without a container.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

cp "$TESTS/lib/terminal.py" . && chmod 644 terminal.py
on_terminal() { local code=0; as_user /usr/bin/python3 terminal.py "$@" 2>&1 || code=$?; echo "code $code"; }
cat > sizes <<'P'
#!/bin/bash
trap 'echo "then $(stty size </dev/tty)"; exit 3' WINCH
[ "$1" = "$(stat -f -c %T /)" ] || exit 9
tty >/dev/null && echo "first $(stty size)"
echo READY
for i in {1..200}; do read -rt 0.05 <> <(:); done
P
chmod 755 sizes
host=$(as_user srun stat -f -c %T /)
bare=$(on_terminal srun --pty ./sizes "$host")
contains "a terminal without a container" $'first 24 80\nREADY\nthen 40 100' "$bare"
expect "inside" "$bare" "$(on_terminal srun --container="$IMAGE" --pty ./sizes fuseblk)"
expect "inside, the first of three ranks" "$bare" "$(on_terminal srun --container="$IMAGE" -n3 --pty sh -c '[ $SLURM_PROCID = 0 ] || exit 0; exec ./sizes fuseblk')"
# The shell that salloc opens with use_interactive_step; what is typed comes from its standard input.
said=$(as_user sh -c "echo 'stat -f -c %T /; exit 4' | salloc -Q --container-image='$IMAGE'" 2>/dev/null) && fail "salloc lost the shell's exit code"
expect "the shell of salloc" "fuseblk" "$said"
expect "a command of salloc on a terminal runs where salloc does" "$(stat -f -c %T /)" "$(on_terminal salloc -Q --container-image="$IMAGE" stat -f -c %T / | head -n 1)"
until_true 2 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
