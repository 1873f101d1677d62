#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Who wins, for each class of variables: the image, the job, Slurm and other plugins on the node, the pod.
# A cluster of its own, with a plugin before and one behind Sabot's that set variables.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"
[[ $(id -u) == 0 ]] || skip "root is needed to start a Slurm cluster"
export SABOT_CLUSTER_DIR=${SABOT_CLUSTER_DIR:-/var/lib/sabot-cluster}-env
made=$(mktemp -d "$BUILD/environment.XXXXXX") && chmod 755 "$made"
trap '"$TESTS/cluster/cluster" down >/dev/null; rm -rf --one-file-system "$made"' EXIT
cat > "$made/setter.c" <<'C'
#include <slurm/spank.h>
#include <stdint.h>
#include <stdio.h>
SPANK_PLUGIN(PLUGIN, 1)
#define TEXT(x) #x
#define NAME(x) TEXT(x)
int slurm_spank_init(spank_t spank, int argc, char **argv) {
  (void)argc, (void)argv;
  if (spank_context() == S_CTX_REMOTE) spank_setenv(spank, NAME(PLUGIN) "_INIT", "plugin", 1);
  return 0;
}
int slurm_spank_task_init(spank_t spank, int argc, char **argv) {
  (void)argc, (void)argv;
  char value[32];
  uint32_t rank = 0;
  spank_get_item(spank, S_TASK_GLOBAL_ID, &rank);
  snprintf(value, sizeof value, "plugin%u", rank);
  spank_setenv(spank, NAME(PLUGIN) "_TASK", value, 1);
  return 0;
}
C
for plugin in before behind; do
  cc -shared -fPIC -DPLUGIN=$plugin -o "$made/$plugin.so" "$made/setter.c" || fail "a plugin cannot be built"
done
ours=$(find "$BUILD" -name spank_sabot.so | head -1)
printf 'required %s\nrequired %s libexec=%s\nrequired %s\n' "$made/before.so" "$ours" "$BUILD/libexec/sabot" "$made/behind.so" > "$made/plugstack"
"$TESTS/cluster/cluster" up --nodes 1 --gpus 2 --plugstack "$made/plugstack" >/dev/null
# shellcheck source=tests/lib/slurm.sh
source "$TESTS/lib/slurm.sh"
trap 'cd /; rm -rf --one-file-system "$WORK" "$made"; "$CLUSTER" down >/dev/null' EXIT

# An image that defines a variable of every class.
command -v mksquashfs >/dev/null || skip "mksquashfs is not installed"
root() {
  mkdir -p "$1"/{bin,etc,.sabot} && cp "$(command -v busybox)" "$1/bin/busybox"
  local program
  for program in sh env sort grep cat true; do ln -sf busybox "$1/bin/$program"; done
}
rank_names="SLURM_JOB_ID SLURM_PROCID SLURM_MINE PMI_RANK PMI2_MINE PMIX_RANK SPANK_MINE CUDA_VISIBLE_DEVICES NVIDIA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES HIP_VISIBLE_DEVICES GPU_DEVICE_ORDINAL ZE_AFFINITY_MASK"
plugin_names="before_INIT before_TASK behind_INIT behind_TASK"
root image
{
  printf '{"Env":["PATH=/bin","COLOUR=image","ALSO=image"'
  for name in $rank_names $plugin_names; do printf ',"%s=image"' "$name"; done
  printf ']}'
} > image/.sabot/config.json
mksquashfs image env.sqsh -quiet -no-progress >/dev/null && chmod 644 env.sqsh
ranks() { as_user "${WITH[@]}" srun -Q --container="$WORK/env.sqsh" -N1 "$@" 2>&1; }
WITH=(env COLOUR=job OTHER=job)
value() { grep "^$1=" "$2" | cut -d= -f2- | sort | xargs; }

ranks -n2 --gres=gpu:2 --gpus-per-task=1 env > seen
expect "the image wins for what it defines" "image image" "$(value COLOUR seen)"
expect "and for PATH" "/bin /bin" "$(value PATH seen)"
expect "the job's other variables are there" "job job" "$(value OTHER seen)"
expect "Slurm's are the rank's" "0 1" "$(value SLURM_PROCID seen)"
expect "PMIx's too" "0 1" "$(value PMIX_RANK seen)"
expect "each rank has its GPU" "$(as_user srun -n2 --gres=gpu:2 --gpus-per-task=1 env | value CUDA_VISIBLE_DEVICES /dev/stdin)" "$(value CUDA_VISIBLE_DEVICES seen)"
lacks "what only the image has of the rank's classes" "=image" "$(grep -E "^($(tr ' ' '|' <<<"$rank_names"))=" seen || true)"
expect "a plugin before ours, per rank" "plugin0 plugin1" "$(value before_TASK seen)"
expect "a plugin behind ours, per rank" "plugin0 plugin1" "$(value behind_TASK seen)"
expect "set when the step began" "plugin plugin" "$(value behind_INIT seen)"
expect "nothing of ours" "" "$(grep -E 'SLURM_SABOT|OPTION_sabot' seen | xargs)"
expect "--container-env" "job image" "$(ranks -n1 --container-env=COLOUR sh -c 'echo $COLOUR $ALSO')"
expect "--container-env, not set in the job" "job image" "$(ranks -n1 --container-env=COLOUR,ALSO sh -c 'echo $COLOUR $ALSO')"
names=(); for name in $rank_names; do case $name in SLURM_JOB_ID | *PROCID | PMI*_RANK) ;; *) names+=("$name=job") ;; esac; done
WITH=(env "${names[@]}" SABOT_CONTAINER_ENV=COLOUR COLOUR=job)
kept() { grep -E "^(${names_pattern})=" | sort; }
names_pattern=$(printf '%s\n' "${names[@]%%=*}" | paste -sd'|')
expect "what the job sets of them is as without an image" "$(as_user "${WITH[@]}" srun -n1 env | kept)" "$(ranks -n1 env | kept)"
expect "--container-env by its variable" "job" "$(ranks -n1 sh -c 'echo $COLOUR')"

# Who one is.
WITH=(env)
expect "HOME, USER and SHELL of an image without the login shell" "$USER_HOME $SABOT_CLUSTER_USER $SABOT_CLUSTER_USER /bin/sh" "$(ranks -n1 sh -c 'echo $HOME $USER $LOGNAME $SHELL')"
expect "and with --export=NONE" "$USER_HOME $SABOT_CLUSTER_USER $SABOT_CLUSTER_USER /bin/sh" "$(ranks -n1 --export=NONE sh -c 'echo $HOME $USER $LOGNAME $SHELL')"
expect "a login shell that the image has" "/bin/bash" "$(as_user srun --container="$IMAGE" -n1 sh -c 'echo $SHELL')"
expect "--container-remap-root" "/root root root" "$(ranks -n1 --container-remap-root sh -c 'echo $HOME $USER $LOGNAME')"
expect "--container-env=SHELL" "/bin/odd" "$(as_user env SHELL=/bin/odd srun --container="$WORK/env.sqsh" -n1 --container-env=SHELL sh -c 'echo $SHELL')"
sed -i 's/"PATH/"HOME=\/image","PATH/' image/.sabot/config.json
mksquashfs image home.sqsh -quiet -no-progress >/dev/null && chmod 644 home.sqsh
expect "a HOME that the image defines" "/image" "$(as_user srun --container="$WORK/home.sqsh" sh -c 'echo $HOME')"
expect "--container-mount-home is HOME" "$USER_HOME" "$(as_user srun --container="$WORK/home.sqsh" --container-mount-home sh -c 'echo $HOME; test -e "$HOME" || echo absent')"

# Locales: of images with nothing, a directory, an archive, glibc's own C.UTF-8, and musl.
locales() { as_user env LANG="$2" LC_TIME=C LC_ALL="${3:-}" srun --container="$WORK/$1.sqsh" -n1 sh -c 'echo "[$LANG][$LC_TIME][$LC_ALL]"'; }
pack() { mksquashfs "$1" "$1.sqsh" -quiet -no-progress >/dev/null && chmod 644 "$1.sqsh"; }
root none; pack none
root directory; mkdir -p directory/usr/lib/locale/de_DE.utf8 directory/lib64; : > directory/lib64/libc.so.6; pack directory
root archive; mkdir -p archive/usr/lib/locale archive/lib64; : > archive/lib64/libc-2.31.so; ln -s libc-2.31.so archive/lib64/libc.so.6
python3 - archive/usr/lib/locale/locale-archive <<'P'
import struct, sys
names = b"en_US.utf8\0fr_FR.utf8\0"
open(sys.argv[1], "wb").write(struct.pack("<8I", 0xde020109, 0, 0, 0, 0, 32, len(names), len(names)) + names)
P
pack archive
root musl; mkdir musl/lib; : > musl/lib/ld-musl-x86_64.so.1; pack musl
expect "no locale at all" "[][C][]" "$(locales none en_US.UTF-8)"
expect "a directory, by its other spelling" "[de_DE.UTF-8][C][]" "$(locales directory de_DE.UTF-8)"
expect "another language" "[][C][]" "$(locales directory fr_FR.UTF-8)"
expect "an archive" "[en_US.UTF-8][C][]" "$(locales archive en_US.UTF-8)"
expect "not in the archive" "[][C][]" "$(locales archive n_US.UTF-8)"
expect "LC_ALL as well" "[en_US.UTF-8][C][]" "$(locales archive en_US.UTF-8 ja_JP.UTF-8)"
expect "C.UTF-8 is built into a new glibc" "[C.UTF-8][C][]" "$(locales directory C.UTF-8)"
expect "and not into an old one" "[][C][]" "$(locales archive C.UTF-8)"
expect "musl takes any" "[en_US.UTF-8][C][]" "$(locales musl en_US.UTF-8)"
expect "--container-env" "en_US.UTF-8" "$(as_user env LANG=en_US.UTF-8 srun --container="$WORK/none.sqsh" --container-env=LANG sh -c 'echo $LANG')"
gone() { [[ -z $(leftovers node1) ]]; }
until_true 2 gone || fail "left behind: $(leftovers node1)"
