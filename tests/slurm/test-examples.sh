#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Each script of examples/sbatch runs as it stands, as an ordinary user, and does what it says.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

cp "$SOURCE"/examples/sbatch/*.sh . && chmod 755 ./*.sh
cp "$CACHE/mpi/openmpi/mpi_hello" mpi_hello && cp "$CACHE/mpi/mpich/mpi_hello" mpich_hello
mkdir -p data absent && echo one > data/1 && echo two > data/2
printf 'data/1\ndata/2\nmpi_hello\narray.sh\n' > inputs
chown -R "$SABOT_CLUSTER_USER": .
no_jobs() { [[ -z $(squeue -h -u "$SABOT_CLUSTER_USER") ]]; }
# submit OUTPUT SBATCH-ARGUMENT...: prints the job's number.
submit() { as_user sbatch --parsable "$@" || fail "sbatch $*"; }

hello=$(submit --export=ALL,IMAGE="$IMAGE" hello-mpi.sh)
two=$(submit --export=ALL,IMAGE="$IMAGE" two-node-mpi.sh)
mpich=$(submit --export=ALL,MPI=pmi2,IMAGE="$IMAGE",APP=./mpich_hello two-node-mpi.sh)
array=$(submit --export=ALL,IMAGE="$IMAGE" array.sh)
python=$(submit --export=ALL,IMAGE="$IMAGE" python.sh)
whole=$(submit --container-image="$IMAGE" whole-script.sh)
data=$(submit --export=ALL,IMAGE="$IMAGE",DATA="$WORK/data" data-and-scratch.sh)
mkdir pipeline && chown "$SABOT_CLUSTER_USER": pipeline
contains "what pipeline.sh says" "submitted: prepare" "$(cd pipeline && as_user env IMAGE="$IMAGE" ../pipeline.sh)"
expect "interactive.sh: a step inside, one on the host, one inside" "fuse host fuse" \
  "$(as_user env IMAGE="$IMAGE" NTASKS=1 ./interactive.sh sh -c 'for image in "" --container-image=none ""; do
      srun -Q $image sh -c "stat -f -c %T / | sed \"s/^fuse.*/fuse/; t; s/.*/host/\""; done' 2>/dev/null | xargs)"
# Without the image none of them runs: it is the image that they run in.
cp -r data *.sh inputs mpi_hello absent/
for script in hello-mpi two-node-mpi array python data-and-scratch; do
  (cd absent && submit --export=ALL,IMAGE=./none.sqsh,DATA="$WORK/data" -o "$script.out" "$script.sh") > /dev/null
done
until_true 60 no_jobs || fail "jobs are left: $(squeue)"

ranks() { grep -oE 'rank [0-9]+ of 4' "$1" | sort | paste -sd' '; }
for job in hello-mpi-"$hello" two-nodes-"$two" two-nodes-"$mpich"; do
  expect "$job" "rank 0 of 4 rank 1 of 4 rank 2 of 4 rank 3 of 4" "$(ranks "$job.out")"
  expect "$job: sums" 4 "$(grep -c 'allreduce 6 ok' "$job.out")"
done
expect "two nodes" "node1 node2" "$(grep -oE 'node[12]' "two-nodes-$two.out" | sort -u | xargs)"
for n in 1 2 3 4; do
  contains "array-${array}_$n.out" "element $n on node" "$(cat "array-${array}_$n.out")"
  expect "element $n" "$(sha256sum "$(sed -n "${n}p" inputs)")" "$(cat "result-$n")"
done
contains "python-$python.out" "mean" "$(cat "python-$python.out")"
[[ -s values.npy ]] || fail "python.sh saved nothing"
contains "whole-script.sh" "job $whole runs in Debian GNU/Linux" "$(cat "slurm-$whole.out")"
[[ -s finished-$whole ]] || fail "whole-script.sh wrote nothing into the submit directory"
expect "data-and-scratch.sh" 2 "$(cat "results-$data/number-of-files")"
expect "pipeline.sh" 500500 "$(cat pipeline/total 2>/dev/null || tail -n 2 pipeline/*.out)"

for script in hello-mpi two-node-mpi array python data-and-scratch; do
  contains "$script.sh without its image" "none.sqsh" "$(cat "absent/$script.out")"
done

for example in *.sh; do
  grep -q "[ /]$example" "$TESTS/slurm/test-examples.sh" || fail "examples/sbatch/$example is not run by this test"
done
