#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The image's variables win over the caller's, but for those that are the rank's own.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

mkdir -p root/bin root/srv/app && cp "$(command -v busybox)" root/bin/busybox || skip "busybox (package busybox-static) is not installed"
for program in sh env pwd cat; do ln -s busybox root/bin/$program; done
cat > config.json <<'J'
{"Env":["PATH=/bin","COLOUR=image","SLURM_JOB_ID=image","PMIX_RANK=image","CUDA_VISIBLE_DEVICES=image"],
 "Entrypoint":["sh","-c"],"Cmd":["echo from the image"],"WorkingDir":"/srv/made"}
J
mkdir root/.sabot && cp config.json root/.sabot/
export SABOT_STORE=$HOME/store
"$SABOT" image import --quiet ./root app >/dev/null
export COLOUR=caller SLURM_JOB_ID=caller PMIX_RANK=caller CUDA_VISIBLE_DEVICES=caller OTHER=caller
env=$(run app -- env)
for line in PATH=/bin COLOUR=image SLURM_JOB_ID=caller PMIX_RANK=caller CUDA_VISIBLE_DEVICES=caller OTHER=caller; do
  contains "environment" "$line" "$env"
done
expect "the image's command" "from the image" "$(run app)"
expect "the image's directory, though it is missing" "/srv/made" "$(run app -- pwd)"
export SABOT_CONTAINER_MOUNTS=./config.json:/mounted:ro
contains "an option from the environment" "COLOUR" "$(run app -- cat /mounted)"
expect "the command line wins" "" "$(run --container-mounts=/etc/hosts:/else:ro app -- sh -c 'test -e /mounted && echo there' || true)"
SABOT_CONTAINER_MOUNTS='' PYXIS_CONTAINER_MOUNTS=./config.json:/pyxis contains "Pyxis's spelling" "COLOUR" "$(SABOT_CONTAINER_MOUNTS='' PYXIS_CONTAINER_MOUNTS=./config.json:/pyxis run app -- cat /pyxis)"
SABOT_CONTAINER_WRITABLE=maybe refused 2 "neither 1 nor 0" run app -- true
