#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --container-explain says what a launch would do, as text and as JSON, and submits nothing.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

mkdir data && chown "$SABOT_CLUSTER_USER": data
jobs() { scontrol show jobs -o 2>/dev/null | wc -l; }
before=$(jobs)
explained=$(as_user env SABOT_CONTAINER_WORKDIR=/usr/lib srun --container="$IMAGE" --container-mounts=./data:/data:ro --container-explain touch "$WORK/ran")
for line in "image: $IMAGE" "uid: $(id -u "$SABOT_CLUSTER_USER")" "workdir: /usr/lib" "workdir /usr/lib SABOT_CONTAINER_WORKDIR" "bind $WORK/data /data ro --container-mounts" "writable no site or default" "tmpfs /tmp rw default"; do
  contains "explanation" "$line" "$explained"
done
for command in srun salloc "sbatch --wrap"; do
  # shellcheck disable=SC2086
  as_user ${command%% *} --container-image="$IMAGE" --container-env=LANG --container-explain=json ${command#* } "touch $WORK/ran" > json || fail "$command: exit code"
  expect "JSON of $command" "$IMAGE command line ok" "$(python3 -c '
import json
said = json.load(open("json"))
option = {o["name"]: o for o in said["options"]}["env"]
assert option["value"] == "LANG" and all(m["why"] for m in said["mounts"]) and all(v["who"] for v in said["environment"]), said
print(said["image"], option["from"], "ok")')"
done
expect "no image" "image: none; ranks run on the host" "$(as_user srun --container-explain touch "$WORK/ran")"
CODE=2 refused "'xml' is not json" as_user srun --container="$IMAGE" --container-explain=xml touch "$WORK/ran"
refused "absent.sqsh" as_user srun --container="$WORK/absent.sqsh" --container-explain touch "$WORK/ran"
[[ ! -e ran ]] || fail "something ran"
expect "allocations used" "$before" "$(jobs)"
