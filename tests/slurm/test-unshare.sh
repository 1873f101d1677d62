#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --container-unshare: the ranks of a step share new namespaces on each node, a job's steps inherit the option, PMI2 works.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

for kind in net ipc uts; do
  host=$(in_image readlink /proc/self/ns/$kind)
  got=$(in_image -N2 --ntasks-per-node=2 --container-unshare="$kind" readlink /proc/self/ns/$kind | sort)
  expect "$kind: one for the two ranks of each of two nodes" "2 2" "$(uniq -c <<<"$got" | awk '{print $1}' | xargs)"
  lacks "$kind: not the host's" "$host" "$got"
done
expect "the ranks of a node share /dev/shm" "shared" "$(in_image -N1 -n2 --container-unshare=ipc sh -c 'if [ $SLURM_PROCID = 0 ]; then echo shared > /dev/shm/t && mv /dev/shm/t /dev/shm/x; else until [ -e /dev/shm/x ]; do :; done; cat /dev/shm/x; fi')"
expect "a step inherits it from its job" "lo lo" "$(as_user salloc -N2 --container-image="$IMAGE" --container-unshare=net srun -n2 sed -nE 's/^ *([^:]+):.*/\1/p' /proc/net/dev 2>/dev/null | xargs)"
expect "by variable" "lo" "$(as_user env SABOT_CONTAINER_UNSHARE=net srun --container="$IMAGE" sed -nE 's/^ *([^:]+):.*/\1/p' /proc/net/dev)"
expect "output and exit status come through without a network" "7" "$(in_image --container-unshare=net sh -c 'exit 7' >/dev/null 2>&1 || echo $?)"
CODE=2 refused "--container-unshare: 'pid' is not known; write some of net,ipc,uts" in_image --container-unshare=net,pid touch "$WORK/ran"
CODE=2 refused "options without an image" as_user srun --container-unshare=net touch "$WORK/ran"
until_true 3 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
cp "$CACHE"/mpi/mpich/* .
expect "MPI over PMI2 within a node" "0 1" "$(in_image -N1 -n2 --mpi=pmi2 --container-unshare=net,ipc,uts ./mpi_hello | grep -o 'rank [0-9]*' | cut -d' ' -f2 | sort | xargs)"
cp "$CACHE"/mpi/openmpi/* .
expect "MPI over PMIx with ipc and uts" "0 1" "$(in_image -N1 -n2 --mpi=pmix --container-unshare=ipc,uts ./mpi_hello | grep -o 'rank [0-9]*' | cut -d' ' -f2 | sort | xargs)"
in_image -N1 -n2 --mpi=pmix --container-unshare=net ./mpi_hello >/dev/null 2>&1 && fail "PMIx without a network works: say so in sabot(1)"
until_true 3 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
