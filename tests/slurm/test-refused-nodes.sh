#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S14: a node that cannot make a pod refuses: no user namespaces, no /dev/fuse, no launcher, a bad configuration, helpers killed.
# A cluster of its own, whose launcher is a copy that one node can have otherwise than the other.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
[[ $(id -u) == 0 ]] || skip "root is needed to start a Slurm cluster"
[[ $(uname -m) == x86_64 ]] || skip "this machine is no x86-64, for which system calls are numbered here"
export SABOT_CLUSTER_DIR=${SABOT_CLUSTER_DIR:-/var/lib/sabot-cluster}-refuse
tree=$SABOT_CLUSTER_DIR/scratch/tree config=$SABOT_CLUSTER_DIR/scratch/sabot.conf
trap '"$TESTS/cluster/cluster" down >/dev/null' EXIT
plugin=$(find "$BUILD" -name spank_sabot.so | head -1)
"$TESTS/cluster/cluster" up --nodes 2 --plugin "$plugin" --plugin-args "libexec=$tree/libexec/sabot config=$config" >/dev/null
mkdir -p "$tree/bin" "$tree/libexec/sabot"
cp "$SABOT" "$tree/bin/" && cp "$BUILD"/libexec/sabot/sabot-{stage1,topo} "$tree/libexec/sabot/"
: > "$config"
trap - EXIT
# shellcheck source=tests/lib/slurm.sh
source "$TESTS/lib/slurm.sh"
trap 'cd /; rm -rf --one-file-system "$WORK"; "$CLUSTER" down >/dev/null' EXIT

sabot=$tree/bin/sabot stage1=$tree/libexec/sabot/sabot-stage1
there() { as_user srun --container="$IMAGE" -w node1 -N1 -n2 touch "$WORK/ran"; }
# instead PLACE FILE: node1 alone sees FILE at PLACE; `as_it_was PLACE` undoes it.
instead() { on_node node1 mount --bind "$2" "$1"; }
as_it_was() { on_node node1 umount "$1"; }
program() { printf '#!/bin/sh\n%s\n' "$1" > "$tree/program" && chmod 755 "$tree/program"; echo "$tree/program"; }
works() { until_true 10 both_idle || fail "$1: not idle"; expect "$1: afterwards" "fuseblk fuseblk" "$(in_image -N2 -n2 stat -f -c %T / 2>&1 | xargs)"; }
works "before"

# /dev/fuse
on_node node1 mv /dev/fuse /dev/away
refused "open '/dev/fuse' (the site has to load the module 'fuse'): No such file or directory" there
on_node node1 mv /dev/away /dev/fuse
on_node node1 chmod 600 /dev/fuse
refused "open '/dev/fuse' (the site has to make it mode 0666): Permission denied" there
on_node node1 chmod 666 /dev/fuse
works "/dev/fuse"

# Placing is a convenience unless it was asked for.
mv "$tree/libexec/sabot/sabot-topo" "$tree/away"
works "no sabot-topo"
refused "start $tree/libexec/sabot/sabot-topo: No such file or directory" as_user srun --container="$IMAGE" --container-pin=core \
  -w node1 -N1 -n2 touch "$WORK/ran"
mv "$tree/away" "$tree/libexec/sabot/sabot-topo"

# User namespaces, by a filter of system calls: the sysctl would be the whole machine's. unshare is number 272.
cp "$TESTS/lib/without_call.py" "$tree/" && cp "$stage1" "$tree/real-stage1"
without() { program "exec /usr/bin/python3 -I $tree/without_call.py $1 $2 $tree/real-stage1 \"\$@\""; }
instead "$stage1" "$(without 272 EPERM)"
refused "make a user namespace: " there
contains "the remedy" "sysctl" "$SAID"
as_it_was "$stage1"
instead "$stage1" "$(without 272 ENOSPC)"
refused "user.max_user_namespaces" there
as_it_was "$stage1"

# The launcher is missing or cannot be executed, on one node of two.
on_node node1 mount -t tmpfs tmpfs "$tree/bin"
refused "start $tree/libexec/sabot/../../bin/sabot: No such file or directory; is the same release of Sabot installed on this node?" there
rm -f "$WORK"/ran.*
code=0; as_user srun --container="$IMAGE" -N2 -n2 sh -c 'touch "$0.$SLURM_NODEID"' "$WORK/ran" 2>/dev/null || code=$?
expect "exit code with one bad node of two" 125 "$code"
expect "ranks that ran" "$WORK/ran.1" "$(ls "$WORK"/ran.*)"
as_it_was "$tree/bin"
cp "$sabot" "$tree/not-executable" && chmod 644 "$tree/not-executable"
instead "$sabot" "$tree/not-executable"
refused "sabot: Permission denied" there
as_it_was "$sabot"
: > "$tree/empty" && chmod 755 "$tree/empty"
instead "$sabot" "$tree/empty"
refused "sabot: Exec format error" there
as_it_was "$sabot"
on_node node1 mount -t tmpfs tmpfs "$tree/libexec/sabot"
refused "the pod's keeper " there
as_it_was "$tree/libexec/sabot"
works "launcher"

# The site's configuration.
bad_site() { echo "$1" > "$tree/bad.conf"; chmod "${2:-644}" "$tree/bad.conf"; instead "$config" "$tree/bad.conf"; }
bad_site "colour blue"; refused "site configuration $config: line 1: unknown name 'colour'" there; as_it_was "$config"
bad_site "tmp_size big"; refused "line 1: 'big' is no size" there; as_it_was "$config"
bad_site "" 666; refused "others can write it; chmod go-w $config" there; as_it_was "$config"
bad_site "" 600; refused "site configuration $config: open: Permission denied" there; as_it_was "$config"
bad_site "mount /absent:/data"; refused "bind /absent onto /data (site configuration): the source on this node: No such file" there; as_it_was "$config"
bad_site "$(printf 'tmp_size 64K\nwritable_size 64K')"
fill() { as_user srun --container="$IMAGE" --container-writable -w node1 -n1 sh -c 'cat /dev/zero > '"$1"'/fill' 2>&1 || true; }
contains "a full /tmp" "No space left on device" "$(fill /tmp)"
contains "a full image" "No space left on device" "$(fill /opt)"
as_it_was "$config"
works "site configuration"

# Who builds the pod is killed, before, during and at the end of it.
instead "$sabot" "$(program 'kill -KILL $$')"; refused "the pod's keeper " there; as_it_was "$sabot"
instead "$sabot" "$(program 'exit 0')"; refused "the pod's keeper " there; as_it_was "$sabot"
instead "$stage1" "$(program 'kill -KILL $$')"; refused "the pod's keeper " there; as_it_was "$stage1"
# unshare, open_tree, move_mount, pivot_root, sendmsg: in the keeper, the builder, at the first admission.
for call in "272 keeper" "428 builder" "429 builder" "155 builder" "46 keeper"; do
  instead "$stage1" "$(without "${call% *}" kill)"
  refused "${call#* }" there
  as_it_was "$stage1"
done
works "killed helpers"

# The plugin's file is gone, with `required` in plugstack.conf: on the node, then where the job is submitted.
instead "$plugin" "$tree/empty"
rm -f "$WORK/ran"
contains "a node without the plugin" "Plugin initialization failed" "$(there 2>&1 || true)"  # srun 22.05 exits with 0
[[ ! -e $WORK/ran ]] || fail "the rank ran on the host of a node without the plugin"
as_it_was "$plugin"
works "the node's plugin"
sed "s|$SABOT_CLUSTER_DIR/etc/plugstack.conf|$tree/plugstack.conf|" "$SLURM_CONF" > "$tree/slurm.conf"
echo "required /absent/spank_sabot.so" > "$tree/plugstack.conf"
CODE=1 refused "/absent/spank_sabot.so" as_user env SLURM_CONF="$tree/slurm.conf" srun --container="$IMAGE" -w node1 touch "$WORK/ran"
