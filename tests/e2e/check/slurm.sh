#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Slurm's files: plugin missing from plugstack.conf, optional there, built for another release; oci.conf in the way.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
# shellcheck source=tests/lib/check.sh
source "$TESTS/lib/check.sh"

run "$IMAGE" -- true 2>/dev/null || skip "no launch works here"
plugin=$(find "$BUILD" -name spank_sabot.so -print -quit)
[[ -n $plugin ]] || skip "the plugin is not built"
mkdir -p slurm/plugstack.conf.d bin plugins
cp "$plugin" plugins/
export SLURM_CONF=$PWD/slurm/slurm.conf PATH=$PWD/bin:$PATH
# release TEXT: what sinfo says from now on
release() { printf '#!/bin/sh\necho "slurm-wlm %s"\n' "$1" > bin/sinfo && chmod 755 bin/sinfo; }
built=$(python3 - "$plugin" <<'PY'
import re, subprocess, sys
symbols = subprocess.run(["readelf", "-W", "--dyn-syms", "-S", sys.argv[1]], capture_output=True, text=True).stdout
value = int(re.search(r"([0-9a-f]+) +4 OBJECT +GLOBAL DEFAULT +\d+ plugin_version", symbols)[1], 16)
for m in re.finditer(r"\] (\.\S+) +\w+ +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", symbols):
    start, offset, size = (int(x, 16) for x in m.groups()[1:])
    if start <= value < start + size and m[1] != ".bss":
        with open(sys.argv[1], "rb") as f:
            f.seek(offset + value - start)
            n = int.from_bytes(f.read(4), "little")
            print(f"{n >> 16}.{n >> 8 & 255:02}.{n & 255}")
            break
PY
)
[[ $built =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "the plugin's release: '$built'"

check_exits 1
expect "SLURM_CONF that names nothing" failed "$(result_of Slurm)"

echo "PluginDir=$PWD/plugins" > slurm/slurm.conf
check_exits 1
expect "no plugstack.conf" failed "$(result_of "Slurm plugin")"

echo "include plugstack.conf.d/*.conf" > slurm/plugstack.conf
echo "# required spank_sabot.so" > slurm/plugstack.conf.d/a.conf
check_exits 1
expect "not there" failed "$(result_of "Slurm plugin")"
contains "not there" "required spank_sabot.so" "$(remedy_of "Slurm plugin")"

release "$built"
echo "required spank_sabot.so" > slurm/plugstack.conf.d/a.conf
check_exits 0
for step in Slurm "Slurm plugin" "plugin's arguments" "plugin's release" oci.conf; do
  expect "result of $step" ok "$(result_of "$step")"
done

echo "optional $PWD/plugins/spank_sabot.so" > slurm/plugstack.conf.d/a.conf
check_exits 0
expect "optional" warning "$(result_of "Slurm plugin")"
contains "optional" "write required" "$(remedy_of "Slurm plugin")"

echo "required spank_sabot.so libexec=/not/there" > slurm/plugstack.conf.d/a.conf
check_exits 1
contains "an argument that names nothing" "/not/there/sabot-stage1" "$(detail_of "plugin's arguments")"

echo "required spank_sabot.so" > slurm/plugstack.conf.d/a.conf
release 99.05.1
check_exits 1
expect "another release" failed "$(result_of "plugin's release")"
contains "another release" "built for Slurm $built, but 99.05.1 runs" "$(detail_of "plugin's release")"
release "${built%.*}.99"
check_exits 0
expect "another patch level" ok "$(result_of "plugin's release")"

touch slurm/oci.conf
check_exits 0
expect "oci.conf" warning "$(result_of oci.conf)"
contains "oci.conf" "container=no" "$(remedy_of oci.conf)"
echo "required spank_sabot.so container=no" > slurm/plugstack.conf.d/a.conf
check_exits 0
expect "oci.conf, and --container left to Slurm" ok "$(result_of oci.conf)"

rm plugins/spank_sabot.so
check_exits 1
expect "the plugin's file is missing" failed "$(result_of "plugin's release")"
