#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ranks of a node can read each other's memory (process_vm_readv, CMA) and share memory in /dev/shm.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

cp "$CACHE"/mpi/openmpi/* .
contains "process_vm_readv" "ok" "$(in_image -N1 -n2 --mpi=pmix ./cma 2>&1)"
lacks "process_vm_readv" "Operation not permitted" "$(in_image -N1 -n2 --mpi=pmix ./cma 2>&1)"
contains "/dev/shm" "ok" "$(in_image -N1 -n2 --mpi=pmix ./shm 2>&1)"
