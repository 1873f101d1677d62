#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An image that is none is refused: where the job is submitted, and on a node whose file is another than the submitter's.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

here() { as_user srun --container="$WORK/$1" touch "$WORK/ran"; }
jobs() { scontrol show jobs -o 2>/dev/null | wc -l; }
head -c 100000 "$IMAGE" > cut.sqsh
head -c 20 "$IMAGE" > head.sqsh
: > empty.sqsh
head -c 100000 /dev/urandom > noise.sqsh
cp --reflink=auto "$IMAGE" private.sqsh
ln -s loop loop
mkfifo fifo
chmod 644 ./*.sqsh fifo && chmod 600 private.sqsh
before=$(jobs)
refused "absent.sqsh': No such file or directory" here absent.sqsh
refused "private.sqsh': Permission denied" here private.sqsh
refused "a truncated squashfs image: 100000 bytes of " here cut.sqsh
refused "not a squashfs image: too short" here head.sqsh
refused "an empty file" here empty.sqsh
refused "noise.sqsh" here noise.sqsh
refused "Too many levels of symbolic links" here loop
refused "is neither a file nor a directory" here fifo
expect "no allocation was used" "$before" "$(jobs)"

# On the node: the same path is a good image here and another file there, for each node has a /tmp of its own.
path=$(mktemp /tmp/image-XXXXXX.sqsh)
trap 'rm -f "$path"; on_node node1 rm -rf "$path"; on_node node2 rm -rf "$path"; scancel -u "$SABOT_CLUSTER_USER" || true; rm -rf --one-file-system "$WORK"' EXIT
cat "$IMAGE" > "$path" && chmod 644 "$path"
there() { as_user srun -w node1 -N1 -n2 --container="$path" sh -c 'touch "$0"' "$WORK/ran"; }
put() { on_node node1 sh -c 'rm -rf "$0"; cat > "$0"; chmod 644 "$0"' "$path"; }
refused "image '$path': open on this node: No such file or directory" there
put < cut.sqsh; refused "image '$path': a truncated squashfs image" there
put < head.sqsh; refused "image '$path': not a squashfs image: too short" there
put < noise.sqsh; refused "image '$path': not a squashfs image" there
put < /dev/null; refused "image '$path': not a squashfs image" there
put < cut.sqsh; on_node node1 chmod 000 "$path"; refused "image '$path': open on this node: Permission denied" there
on_node node1 sh -c 'rm "$0"; mkdir "$0"' "$path"; refused "image '$path': " there
on_node node1 sh -c 'rmdir "$0"; mkfifo "$0"; chmod 666 "$0"' "$path"; refused "image '$path': " there
said=$(there 2>&1 || true)
expect "one line of each rank" 2 "$(grep -c '^sabot: error: rank [01] on node1: ' <<<"$said")"
# With a node that has the image and one that has not, the ranks of the one run, those of the other do not.
on_node node2 sh -c 'cat > "$0"; chmod 644 "$0"' "$path" < "$IMAGE"
code=0; as_user srun -N2 -n2 --container="$path" sh -c 'touch "$0.$SLURM_NODEID"' "$WORK/ran" 2>/dev/null || code=$?
expect "exit code of a step with one bad node" 125 "$code"
expect "ranks that ran" "$WORK/ran.1" "$(ls "$WORK"/ran.*)"
