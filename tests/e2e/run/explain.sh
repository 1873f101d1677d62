#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sabot run --explain prints what would be done, as text and as JSON, and does nothing.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

mkdir -p root/bin root/.sabot && cp "$(command -v busybox)" root/bin/busybox || skip "busybox (package busybox-static) is not installed"
for program in sh touch; do ln -s busybox root/bin/$program; done
echo '{"Env":["PATH=/bin","COLOUR=image","KEPT=image","SLURM_X=image"],"WorkingDir":"/srv"}' > root/.sabot/config.json
export SABOT_STORE=$HOME/store
"$SABOT" image import --quiet ./root app >/dev/null
export COLOUR=caller KEPT=caller LANG=en_US.UTF-8 PYXIS_CONTAINER_REMAP_ROOT=1
said=$(run --container-env=KEPT --explain app -- touch "$HOME/ran")
for line in "reference: app" "uid: 0" "workdir: /srv" "root: read-only" "remap-root yes PYXIS_CONTAINER_REMAP_ROOT" "env KEPT command line" \
  "COLOUR image image" "KEPT caller job" "SLURM_X image left out" "HOME /root pod" "LANG en_US.UTF-8 job, if the image has the locale" "tmpfs /tmp rw default"; do
  contains "explanation" "$line" "$said"
done
expect "as JSON" "touch 0 sha256" "$("$SABOT" --json --config /nonexistent run --explain app -- touch "$HOME/ran" |
  python3 -c 'import json,sys; said = json.load(sys.stdin); print(said["command"][0], said["uid"], said["image"][:6])')"
refused 125 "absent" run --explain ./absent
[[ ! -e ran ]] || fail "the command ran"
no_keeper || fail "a keeper runs"
