#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# srun with docker:// runs an image of a loopback registry on both nodes, asked once; the job has no secret of it.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"
# shellcheck source=tests/lib/registry.sh
source "$TESTS/lib/registry.sh"
need umoci skopeo busybox docker-registry python3
trap 'stop_registries; scancel -u "$SABOT_CLUSTER_USER" || true; rm -rf --one-file-system "$WORK"' EXIT

make_layout v1; make_layout v2
printf 'alice:%s\n' "$(bcrypt pass)" >htpasswd
start_registry "$WORK/registry" "auth: {htpasswd: {realm: here, path: $WORK/htpasswd}}"
push v1 team/app:1 --dest-creds alice:pass
image=docker://$REGISTRY/team/app:1
export SABOT_STORE=$WORK/store
chmod 755 "$WORK"
CODE=125 refused "no credentials" as_user srun --container="$image" touch "$WORK/ran"

with_login() { as_user env SABOT_REGISTRY_USERNAME=alice SABOT_REGISTRY_PASSWORD=pass "$@"; }
expect "both nodes" "v1 v1" "$(with_login srun -N2 -n2 --container="$image" cat /etc/what | xargs)"
expect "the ranks do not see the password" "" "$(with_login srun --container="$image" sh -c 'echo $SABOT_REGISTRY_PASSWORD')"
lacks "the controller's record" "pass" "$(scontrol show jobs -o | grep -o 'SABOT_REGISTRY[^ ]*' || true)"

# A batch job has the digest: it needs neither the registry nor what the tag means by then.
printf '#!/bin/sh\ncat /etc/what\n' >script && chmod 755 script
with_login sbatch --hold -N1 -n2 -o out --container-image="$image" --parsable script >job
push v2 team/app:1 --dest-creds alice:pass
stop_registries
as_user scontrol release "$(cat job)"
no_jobs() { [[ -z $(squeue -h -u "$SABOT_CLUSTER_USER") ]]; }
until_true 30 no_jobs || fail "the job did not end: $(squeue)"
expect "the image that the tag meant when it was submitted" "v1" "$(xargs <out)"
until_true 3 nothing_left || fail "left behind: $(leftovers node1) $(leftovers node2)"
