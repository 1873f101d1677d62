#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ranks that Slurm did not bind are placed and bound before they run; those that it bound stay; the user's word counts.
# The cluster claims more CPUs than the machine has, so that Slurm itself binds nothing.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"
all=$(on_node node1 grep -oP 'Cpus_allowed_list:\s*\K.*' /proc/self/status)
[[ $all == 0-1 ]] || skip "this machine has no two CPUs numbered 0 and 1"
CONF=$SABOT_CLUSTER_DIR/etc/sabot.conf
cp -p "$CONF" "$WORK/before" 2>/dev/null || : > "$WORK/before"
trap 'cat "$WORK/before" > "$CONF"; scancel -u "$SABOT_CLUSTER_USER" || true; cd /; rm -rf --one-file-system "$WORK"' EXIT
site() { { cat "$WORK/before"; printf '%s\n' "$@"; } > "$CONF"; }

# masks ARGS...: of the ranks, in order, in one line
masks() { in_image -N1 -l "$@" grep -oP 'Cpus_allowed_list:\s*\K.*' /proc/self/status | sort -n | sed 's/^[0-9]*: //' | paste -sd' '; }

expect "two ranks that nobody bound" "0 1" "$(masks -n2)"
expect "two ranks that are to float" "$all $all" "$(masks -n2 --container-pin=none)"
expect "two ranks, pinned to cores" "0 1" "$(masks -n2 --container-pin=core)"
expect "a rank that Slurm bound" "$(as_user srun -N1 -n1 grep -oP 'Cpus_allowed_list:\s*\K.*' /proc/self/status)" "$(masks -n1)"
expect "a rank alone, pinned to a core" "0" "$(masks -n1 --container-pin=core)"
expect "the environment's word" "$all $all" "$(SABOT_CONTAINER_PIN=none masks -n2)"
expect "more ranks than CPUs" "$all $all $all $all" "$(masks -n4 | tr ' ' '\n' | sort | paste -sd' ')"
in_image -N1 -n2 nproc > "$WORK/nproc"
expect "what nproc says" "1 1" "$(paste -sd' ' "$WORK/nproc")"
CODE=2 refused "auto, none, core, l3, numa, socket, gpu" in_image --container-pin=cores touch "$WORK/ran"

site "pin none"
expect "the site's word" "$all $all" "$(masks -n2)"
expect "the command line over the site's" "0 1" "$(masks -n2 --container-pin=auto)"

# A machine of eight GPUs, of which each rank sees three, far ones first.
topologies=$SABOT_CLUSTER_DIR/topologies
mkdir -p "$topologies"
python3 "$TESTS/topologies/generate.py" "$topologies"
site "topology $topologies/hgx-8gpu.xml"
ordered=$(as_user env CUDA_VISIBLE_DEVICES=5,4,1 ROCR_VISIBLE_DEVICES=5,4,1 OTHER=5,4,1 srun --container="$IMAGE" -N1 -n2 \
  sh -c 'echo $CUDA_VISIBLE_DEVICES $ROCR_VISIBLE_DEVICES $OTHER' | sort -u)
expect "GPUs in order" "1,5,4 1,5,4 5,4,1" "$ordered"
expect "GPUs named otherwise" "GPU-1,GPU-0" \
  "$(as_user env CUDA_VISIBLE_DEVICES=GPU-1,GPU-0 srun --container="$IMAGE" -N1 -n2 printenv CUDA_VISIBLE_DEVICES | sort -u)"

# A topology that cannot be read: nobody insisted, so the ranks run where they are; who insisted is told.
echo '<topology' > "$topologies/broken.xml"
for file in "$topologies/broken.xml" "$topologies/missing.xml"; do
  site "topology $file"
  expect "two ranks on a machine that cannot be read" "$all $all" "$(masks -n2)"
  refused "$file" in_image -N1 -n2 --container-pin=core touch "$WORK/ran"
done
until_true 5 nothing_left || fail "left behind: $(leftovers node1)"
