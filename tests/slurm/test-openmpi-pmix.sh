#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Open MPI over PMIx inside the image: distinct ranks and a correct allreduce, on one node and on two.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

cp "$CACHE"/mpi/openmpi/* .
for shape in "-N1 -n4" "-N2 -n4"; do
  said=$(in_image $shape --mpi=pmix ./mpi_hello 2>&1) || fail "$shape: $said"
  expect "$shape: ranks" "0 1 2 3" "$(grep -o 'rank [0-9]*' <<<"$said" | cut -d' ' -f2 | sort | xargs)"
  expect "$shape: correct sums" 4 "$(grep -c 'allreduce 6 ok' <<<"$said")"
  expect "$shape: nothing else is said" 4 "$(wc -l <<<"$said")"
done
