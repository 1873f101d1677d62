#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A rank is a direct child of slurmstepd, which exec'ed it, and no foreign child is left for it to wait for.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

cat > look.py <<'P'
import os
parent = open(f"/proc/{os.getppid()}/comm").read().strip()
try:
    os.waitpid(-1, os.WNOHANG)
    children = "some"
except ChildProcessError:
    children = "none"
fds = sorted(os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}"))
print(parent, children, "socket" if any("socket" in f for f in fds) else "clean")
P
expect "parent, children, descriptors" "slurmstepd none" "$(in_image -n1 python3 look.py | cut -d' ' -f1,2)"
expect "and over two ranks" "slurmstepd none slurmstepd none" "$(in_image -n2 python3 look.py | cut -d' ' -f1,2 | xargs)"
expect "descriptors are those of a bare srun" "$(as_user srun -n1 --mpi=none python3 look.py | cut -d' ' -f3)" "$(in_image -n1 --mpi=none python3 look.py | cut -d' ' -f3)"
