#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# S3 S4 S14: what no submitting command has checked is checked on the node, as the user: options and variables as a client
# without the plugin can forge them never run a rank on the host, and cost one step, not the node.
# shellcheck source=tests/lib/slurm.sh
source "$(dirname "$0")/../lib/slurm.sh"

sed "s|^PlugStackConfig=.*|PlugStackConfig=$WORK/none|" "$SLURM_CONF" > slurm.conf && : > none
forged() { as_user env SLURM_CONF="$WORK/slurm.conf" "$@" srun -N1 touch "$WORK/ran"; }
option=_SLURM_SPANK_OPTION_sabot_container  # how Slurm hands a plugin's option to the node: a variable

as_user env SLURM_CONF="$WORK/slurm.conf" srun -N1 touch "$WORK/ran" || fail "a client without the plugin runs nothing at all"
for value in "$IMAGE" /absent relative '' "$(head -c 100000 /dev/zero | tr '\0' x)"; do
  refused "an image was asked for, but the submitting command did not hand it over" forged "${option}_image=$value"
done
refused "image '/absent': open on this node: No such file or directory" forged SLURM_SABOT_IMAGE=/absent
refused "neither a digest nor an absolute path" forged SLURM_SABOT_IMAGE=relative
refused "image 'sha256:../../etc/shadow'" forged SLURM_SABOT_IMAGE=sha256:../../etc/shadow SLURM_SABOT_STORE=/etc
refused "is no absolute path" forged SLURM_SABOT_IMAGE="$IMAGE" SLURM_SABOT_WORKDIR=etc
refused "control characters are not accepted" forged SLURM_SABOT_IMAGE="$IMAGE" SLURM_SABOT_WORKDIR=$'/a\nb'
refused "unknown flag" forged SLURM_SABOT_IMAGE="$IMAGE" SLURM_SABOT_MOUNTS=/etc:/x:weird
refused "the root itself cannot be a target" forged SLURM_SABOT_IMAGE="$IMAGE" SLURM_SABOT_MOUNTS=/etc:/
# Longer than what the plugin can hold: a refusal, never "not set".
long=$(head -c 131000 /dev/zero | tr '\0' x)
refused "longer than 131072 bytes" forged SLURM_SABOT_IMAGE="/$long"
refused "longer than 131072 bytes" forged SLURM_SABOT_IMAGE="$IMAGE" SLURM_SABOT_MOUNTS="/etc:/$long"
expect "and the next honest step runs" fuseblk "$(in_image -N1 stat -f -c %T /)"
