#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# verify names what differs; what export and extract write is the image's tree, for other programs too.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
for tool in skopeo umoci actool unsquashfs; do command -v $tool > /dev/null || skip "$tool is not installed"; done

export SABOT_STORE=$HOME/store
mkdir -p tree/a/b tree/closed tree/etc
echo hello > tree/a/b/file && ln tree/a/b/file tree/second
ln -s ../../../../etc/passwd tree/a/up && ln -s /etc tree/a/host && mkfifo tree/pipe
head -c 300000 /dev/zero > tree/hole && head -c 200000 /dev/urandom > tree/random
printf 'x' > "tree/name with "$'\xff'" byte"
chmod 4755 tree/a/b/file && chmod 1777 tree/etc && chmod 700 tree/closed
touch -d 2001-02-03T04:05:06Z tree/random
digest=$("$SABOT" image import -q ./tree app | cut -d' ' -f1)
image=$SABOT_STORE/images/sha256/${digest#sha256:}.squashfs

contains "verify" "ok       $digest" "$("$SABOT" image verify)"
expect "verify in JSON" "ok" "$("$SABOT" image verify --format=json app | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["result"])')"
expect "sizes agree" "$("$SABOT" image list --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["size_bytes"])')" \
  "$("$SABOT" image show app --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["size_bytes"])')"

"$SABOT" image extract app out
rm -r out/.sabot
list() { (cd "$1" && find . -printf '%P %y %m %l %n\n' | LC_ALL=C sort); }
expect "extracted names, types, modes, targets" "$(list tree | sed 's/ 4755 / 755 /')" "$(list out)"
diff -r --no-dereference -x pipe tree out || fail "extracted files differ"
expect "times are kept" "$(stat -c %Y tree/random)" "$(stat -c %Y out/random)"
refused 125 "File exists" "$SABOT" image extract app out

# The same tree, as squashfs lists it, after a way through each form.
tree_of() { unsquashfs -lln "$1" | grep -v -e /.sabot -e '^Parallel' | sed 's/squashfs-root//' | LC_ALL=C sort; }
"$SABOT" image export app oci:layout:v1 > /dev/null
"$SABOT" image import -q oci:layout:v1 from-oci > /dev/null
from_oci=$("$SABOT" image show from-oci --json | python3 -c 'import json,sys; r=json.load(sys.stdin); print(r["digest"][7:], r["source_digest"])')
expect "re-imported from OCI" "$(tree_of "$image")" "$(tree_of "$SABOT_STORE/images/sha256/${from_oci%% *}.squashfs")"
expect "the manifest recorded is the one exported" "$(python3 -c 'import json; print(json.load(open("layout/index.json"))["manifests"][0]["digest"])')" "${from_oci##* }"
"$SABOT" image cat-manifest from-oci > manifest
expect "cat-manifest gives its bytes" "${from_oci##* }" "sha256:$(head -c "$(stat -c %s layout/blobs/sha256/"${from_oci##*:}")" manifest | sha256sum | cut -d' ' -f1)"
contains "verify compares the source" "ok" "$("$SABOT" image verify from-oci)"
expect "export again is the same" "$(cd layout && find . -type f -exec sha256sum {} + | sort)" \
  "$("$SABOT" image export app oci:again:v1 > /dev/null && cd again && find . -type f -exec sha256sum {} + | sort)"
contains "skopeo inspects it" '"Os": "linux"' "$(skopeo inspect oci:layout:v1)"
umoci unpack --rootless --image layout:v1 bundle > /dev/null 2>&1 || fail "umoci does not unpack it"
expect "umoci's tree" "$(list tree)" "$(list bundle/rootfs)"
"$SABOT" image export app aci:app.aci > /dev/null
actool validate app.aci || fail "actool finds the ACI invalid"
expect "the ACI's first entry" "manifest" "$(tar tf app.aci 2> /dev/null | sed -n 1p)"
refused 125 "File exists" "$SABOT" image export app aci:app.aci
refused 2 "neither oci:" "$SABOT" image export app zip:x

# Damage is named.
chmod u+w "$image" && printf 'x' | dd of="$image" bs=1 seek=200 conv=notrunc status=none
expect "verify fails" 1 "$(rc=0; "$SABOT" image verify app > said || rc=$?; echo "$rc")"
contains "verify says what differs" "the file is sha256:" "$(cat said)"
source=$SABOT_STORE/sources/${from_oci%% *}/config.json
chmod u+w "$source" && echo >> "$source"
expect "verify of a source fails" 1 "$(rc=0; "$SABOT" image verify from-oci > said || rc=$?; echo "$rc")"
contains "verify says which document differs" "configuration is" "$(cat said)"
