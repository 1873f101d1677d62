#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The plugin compiles, without a warning, against each release of Slurm whose headers are here. SABOT_SLURM_HEADERS:
# directories, separated by colons, that hold slurm/spank.h, slurm/slurm_errno.h and slurm/slurm_version.h.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../lib/common.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cxx=${CXX:-c++}
# version_of DIRECTORY: 22.5.8, from the number that slurmstepd compares
version_of() {
  local number
  number=$(printf '#include <slurm/slurm_version.h>\nSLURM_VERSION_NUMBER\n' | "$cxx" -E -P -x c++ ${1:+-I"$1"} - | tail -n 1)
  number=$((number))
  echo "$((number >> 16)).$((number >> 8 & 255)).$((number & 255))"
}

# compiles DIRECTORY: each source of the plugin, as spank-plugin/CMakeLists.txt does
compiles() {
  local source
  for source in "$SOURCE"/spank-plugin/*.cc; do
    "$cxx" -std=c++20 -O2 -Wall -Wextra -Wshadow -Wformat=2 -Wundef -Wvla -Werror -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
      -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti -fno-threadsafe-statics \
      -DSABOT_LIBEXEC_DIR='"/usr/libexec/sabot"' -DSABOT_CONFIG_FILE='"/etc/sabot/sabot.conf"' \
      -DSABOT_STAGE0_FROM_LIBEXEC='"../../bin/sabot"' ${1:+-I"$1"} -I"$SOURCE/stage1-hpc" \
      -c "$source" -o "$work/$(basename "$source").o" || fail "$(basename "$source") with Slurm $(version_of "${1:-}")"
  done
  echo "compiles with Slurm $(version_of "${1:-}")"
}

system=$(sed -nE 's/^SABOT_SPANK_H:PATH=(.*)/\1/p' "$BUILD/CMakeCache.txt" 2>/dev/null || true)
[[ $system != /usr/include ]] || system=
compiles "$system"
if [[ -z ${SABOT_SLURM_HEADERS:-} ]]; then
  echo "only the system's was tried; SABOT_SLURM_HEADERS names others"
  exit 0
fi
IFS=: read -ra directories <<< "$SABOT_SLURM_HEADERS"
for directory in "${directories[@]}"; do
  [[ -e $directory/slurm/spank.h ]] || fail "no slurm/spank.h in $directory"
  compiles "$directory"
done
