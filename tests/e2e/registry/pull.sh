#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An image in a real docker-registry runs by tag and by digest, in both formats, once fetched without asking again.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
# shellcheck source=tests/lib/registry.sh
source "$TESTS/lib/registry.sh"
need umoci skopeo busybox docker-registry python3
export SABOT_STORE=$HOME/store

make_layout v1; make_layout v2
start_registry "$HOME/registry"
push v1 team/app:oci
push v1 team/app:docker --format v2s2
push v2 team/app:two
expect "an OCI image runs" v1 "$(run "docker://$REGISTRY/team/app:oci")"
expect "downloads that are used up are removed" "" "$(ls "$SABOT_STORE/blobs/partial")"
expect "a Docker image runs" v1 "$(run "docker://$REGISTRY/team/app:docker" cat /etc/what)"
expect "both formats of an image are one" 1 "$("$SABOT" image list | grep -c '^[0-9a-f]\{12\}')"
expect "what HOST:PORT/NAME means" v2 "$(run "$REGISTRY/team/app:two")"
expect "localhost is loopback too" v2 "$(run "docker://localhost:${REGISTRY#*:}/team/app:two")"

# A digest decides, whatever tag stands beside it, and is checked.
digest() { skopeo inspect --tls-verify=false "docker://$REGISTRY/team/app:$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Digest"])'; }
one=$(digest oci)
expect "by digest" v1 "$(run "docker://$REGISTRY/team/app@$one")"
expect "the digest decides over the tag" v1 "$(run "docker://$REGISTRY/team/app:two@$one")"
absent=sha256:$(printf '0%.0s' {1..64})
refused 125 "has no manifests/$absent" run "docker://$REGISTRY/team/app@$absent" true
refused 125 "MANIFEST_UNKNOWN" run "docker://$REGISTRY/team/app:absent" true
refused 125 "has no manifests/latest" run "docker://$REGISTRY/nobody/nothing" true

# The same image by resolve, and under a name by import.
expect "resolve says its digest" "$("$SABOT" resolve "docker://$REGISTRY/team/app:oci")" "$("$SABOT" resolve "docker://$REGISTRY/team/app:docker")"
"$SABOT" image import --quiet "docker://$REGISTRY/team/app:two" >/dev/null
contains "its name in the store" "app:two" "$("$SABOT" image list)"
expect "run by that name" v2 "$(run app:two)"

# A default registry of the site's makes short names its own, and the store is looked into before.
printf 'default_registry %s\n' "$REGISTRY" >conf
CONFIG=$PWD/conf
expect "docker:// without a host" v1 "$(run docker://team/app:oci)"
expect "a bare name" v2 "$(run team/app:two)"
CONFIG=
refused 125 "no such file, and no such image" run team/app:two true

# The tag moves: what is in the store answers until it is to be asked again. Without the registry too.
skopeo copy -q --insecure-policy --src-tls-verify=false --dest-tls-verify=false "docker://$REGISTRY/team/app:two" "docker://$REGISTRY/team/app:oci"
expect "the store answers" v1 "$(run "docker://$REGISTRY/team/app:oci")"
stop_registries
expect "the store answers without a registry" v1 "$(run "docker://$REGISTRY/team/app:oci")"
refused 125 "${REGISTRY%:*}" run "docker://$REGISTRY/team/app:other" true
until_true 2 no_keeper || fail "a keeper is left: $(keepers)"
