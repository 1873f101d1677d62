#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# srun's container options mean inside what they say: mounts, workdir, writable, readonly, the submit directory.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

mkdir data && echo content > data/file && chown -R "$SABOT_CLUSTER_USER": data
expect "mounts" "content content" "$(in_image -N2 -n2 --container-mounts=./data:/data cat /data/file | xargs)"
expect "workdir" "/usr/lib" "$(in_image --container-workdir=/usr/lib pwd)"
expect "submit directory" "$WORK" "$(in_image pwd)"
contains "read-only" "Read-only file system" "$(in_image touch /opt/x 2>&1 || true)"
expect "writable, shared by the ranks of a node" "1" "$(in_image -N1 -n2 --container-writable sh -c 'if [ $SLURM_PROCID = 0 ]; then echo 1 > /opt/x.tmp; mv /opt/x.tmp /opt/x; else until [ -e /opt/x ]; do :; done; cat /opt/x; fi')"
expect "from the environment" "content" "$(as_user env SABOT_CONTAINER_IMAGE="$IMAGE" SABOT_CONTAINER_MOUNTS=./data:/data srun cat /data/file)"
CODE=2
jobs() { scontrol show jobs -o 2>/dev/null | wc -l; }
before=$(jobs)
refused "the source must begin with" as_user srun --container="$IMAGE" --container-mounts=data:/x touch "$WORK/ran"
refused "excludes" as_user srun --container="$IMAGE" --container-writable --container-readonly touch "$WORK/ran"
refused "name different images" as_user srun --container="$IMAGE" --container-image=other touch "$WORK/ran"
refused "options without an image" as_user srun --container-workdir=/ touch "$WORK/ran"
CODE=125
refused "no such file, and no such image in the store" as_user srun --container=absent touch "$WORK/ran"
expect "no allocation was used for a mistake" "$before" "$(jobs)"
CODE=2
refused "the image has no name" as_user srun --container= touch "$WORK/ran"
refused "the image has no name" as_user srun --container-image= touch "$WORK/ran"
[[ $(as_user srun --container=none stat -f -c %T /) != fuse* ]] || fail "--container=none is an image"
expect "options of the environment without an image" "ok" "$(as_user env SABOT_CONTAINER_MOUNTS=./data:/data srun echo ok)"
cd /tmp && expect "submitted from /tmp: the pod's own" "tmpfs /tmp" "$(in_image sh -c 'echo $(stat -f -c %T .) $(pwd)')"
cd / && expect "--container-mount-home" "$USER_HOME" "$(in_image --container-mount-home sh -c 'cd && test -w . && pwd')"
in_image sh -c "test ! -e $USER_HOME" || fail "the home is there unasked"
expect "--container-remap-root" "0 root" "$(in_image --container-remap-root sh -c 'echo $(id -u) $USER')"
expect "--container-env" "caller image" "$(as_user env LANG=caller srun --container="$IMAGE" --container-env=LANG sh -c 'echo $LANG image')"
expect "PATH is the image's, unless asked" "/host/bin:/bin:/usr/bin" "$(as_user env PATH=/host/bin:/bin:/usr/bin "$(command -v srun)" --container="$IMAGE" --container-env=PATH sh -c 'echo $PATH')"
