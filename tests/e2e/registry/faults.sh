#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a registry does wrong is survived where it can be, refused by name where not, and no secret goes astray.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
# shellcheck source=tests/lib/registry.sh
source "$TESTS/lib/registry.sh"
need umoci busybox python3 openssl
export SABOT_STORE=$HOME/store
secret=not-for-others
make_layout v1

# survived WHAT FAULT...: the image runs, from an empty store; LOG has what the server was asked.
number=0
survived() {
  local what=$1; shift
  rm -rf "$SABOT_STORE"
  start_faulty $((++number)) "$@"
  expect "$what" v1 "$(run "docker://$REGISTRY/x/app:v1" 2>&1)"
}
# fatal TEXT FAULT...: refused, nothing is in the store.
fatal() {
  local text=$1; shift
  rm -rf "$SABOT_STORE"
  start_faulty $((++number)) "$@"
  refused 125 "$text" run "docker://$REGISTRY/x/app:v1" true
  expect "images after '$*'" 1 "$("$SABOT" image list | wc -l)"
}
asked() { grep -c -- "$1" "$LOG" || true; }

survived "no fault" encoded lie
# Cuts: gone on with from where it was cut.
survived "answers that are cut" cut=600000
(($(asked 'bytes=600000-')  > 0)) || fail "no range was asked for: $(cat "$LOG")"
survived "cuts where ranges are ignored" cut=700000 cuts=3 no-range fail=1,503
survived "another range than asked for" cut=700000 cuts=3 wrong-range
survived "429 with Retry-After" busy=2
survived "503" fail=3,503
fatal "after" cut=900
fatal "refuses more requests for now (Retry-After: 1000000000)" wait=1000000000
fatal "answers 500 for blob" fail=100,500
fatal "denies access to blob" fail=100,403
expect "what will not change is asked once" 1 "$(grep -c ' 403$' "$LOG")"

# Lies.
fatal "has the digest" flip
for file in "$SABOT_STORE"/blobs/partial/*; do  # what was not all there when the import failed may stay
  [[ ! -e $file ]] || (($(stat -c %s "$file") < $(stat -c %s "layout/blobs/sha256/${file##*/}"))) || fail "a wrong blob is kept: $file"
done
fatal "bytes, where the manifest says" short
fatal "sends more than the" long
fatal "the limit of 4 MiB for a document" big-manifest
fatal "schema 1 manifest" schema1
fatal "is not an image's manifest but 'text/html'" html

# Killed half way: what is there is taken up, and is checked.
rm -rf "$SABOT_STORE"
start_faulty $((++number)) cut=500000 wait=1000000000
layer=$(python3 -c 'import json, os; print(max((d for d in os.listdir("layout/blobs/sha256")), key=lambda d: os.path.getsize("layout/blobs/sha256/" + d)))')
"$SABOT" image list >/dev/null; mkdir -p "$SABOT_STORE/blobs/partial"; chmod 700 "$SABOT_STORE"
head -c 400000 "layout/blobs/sha256/$layer" >"$SABOT_STORE/blobs/partial/$layer"
start_faulty $((++number))
expect "a download that was cut before" v1 "$(run "docker://$REGISTRY/x/app:v1" 2>&1)"
expect "only the rest is asked for" 1 "$(asked "$layer - bytes=400000- 206")"
for wrong in "head -c 400000 /dev/zero" "cat layout/blobs/sha256/$layer /dev/null layout/oci-layout" "head -c $(stat -c %s "layout/blobs/sha256/$layer") /dev/zero"; do
  rm -rf "$SABOT_STORE" && mkdir -p "$SABOT_STORE/blobs/partial" && chmod 700 "$SABOT_STORE"
  $wrong >"$SABOT_STORE/blobs/partial/$layer"
  expect "left by a crash: $wrong" v1 "$(run "docker://$REGISTRY/x/app:v1" 2>&1)"
done

# Tokens: one that ends during the pull is renewed; one that no header can hold is refused.
survived "tokens good for one request" bearer=self uses=1
(($(asked /token) > 2)) || fail "no new token was asked for"
fatal "grants no access, even with the token it asked for" bearer=self uses=0
fatal "no usable token" bearer=self 'token={"token":"a\r\nX: y"}'
fatal "no usable token" bearer=self 'token={}'
fatal "not valid JSON" bearer=self token=
fatal "is neither http nor https" bearer=file:///etc/passwd
fatal "which is not TLS" bearer=http://registry.invalid/token
mkdir -m 700 .docker
login() { printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf 'me:%s' "$secret" | base64)" >.docker/config.json; chmod 600 .docker/config.json; }
rm -rf "$SABOT_STORE"; start_faulty $((++number)) bearer=https://registry.invalid/token; login
refused 125 "where the password is not sent" run "docker://$REGISTRY/x/app:v1" true
rm -rf "$SABOT_STORE"; start_faulty $((++number)) bearer=self basic="me:$secret"; login
expect "a token for a password" v1 "$(run "docker://$REGISTRY/x/app:v1" 2>&1)"
printf '{"auths":{"%s":{"auth":"PHRva2VuPjo=","identitytoken":"refresh-me"}}}' "$REGISTRY" >.docker/config.json
rm -rf "$SABOT_STORE"
expect "a token for a refresh token" v1 "$(run "docker://$REGISTRY/x/app:v1" 2>&1)"
(($(asked 'POST /token form:.*refresh_token=refresh-me') > 0)) || fail "no refresh token was posted: $(cat "$LOG")"

# Redirects: no secret goes to another origin, though it asks for it; not for ever; not to what is no TLS.
rm -rf "$SABOT_STORE"
start_faulty $((++number)); store_log=$LOG
start_faulty $((++number)) "redirect=http://$REGISTRY" basic="me:$secret"; login
expect "blobs on another host" v1 "$(run "docker://$REGISTRY/x/app:v1" 2>&1)"
expect "requests there with a secret" 0 "$(grep -vc ' - - ' "$store_log" || true)"
(($(grep -c /blobs/ "$store_log") > 1)) || fail "nothing was asked of the other host"
rm -rf "$SABOT_STORE"; start_faulty $((++number)) basic="me:$secret"; store_log=$LOG
start_faulty $((++number)) "redirect=http://$REGISTRY"
refused 125 "denies access" run "docker://$REGISTRY/x/app:v1" true
rm .docker/config.json
fatal "which is not TLS; not followed" redirect=http://registry.invalid
fatal "redirects to http://169.254.169.254/" redirect-all=http://169.254.169.254
fatal "is neither http nor https" redirect=file:///etc/passwd
fatal "redirects more than 5 times" redirect-all=
expect "requests of a ring" 1 "$(($(asked 307) <= 12))"

# TLS: an authority of the site's for this registry alone; without it no connection, and none in plain text.
make_certificate server
rm -rf "$SABOT_STORE"
start_faulty $((++number)) tls=server.crt,server.key
refused 125 "certificate" run "docker://$REGISTRY/x/app:v1" true
mkdir -p "certs/$REGISTRY" && cp server.crt "certs/$REGISTRY/ca.crt"
printf 'registry_certs %s/certs\n' "$HOME" >conf
expect "TLS with an authority of its own" v1 "$(CONFIG=$PWD/conf run "docker://$REGISTRY/x/app:v1" 2>&1)"
refused 125 "certificate" env SSL_CERT_FILE=/dev/null "$SABOT" --config /nonexistent run "docker://$REGISTRY/x/app:other" true

# Mirrors: asked first, without the registry's password; what they lack or cannot, the registry has.
start_faulty $((++number)); mirror=$REGISTRY mirror_log=$LOG
start_faulty $((++number)) fail=1000,404; broken=$REGISTRY
start_faulty $((++number)) basic="me:$secret"; login
printf 'registry_mirror %s %s\nregistry_mirror %s %s/x\n' "$REGISTRY" "$broken" "$REGISTRY" "$mirror" >conf
rm -rf "$SABOT_STORE"
expect "with mirrors" v1 "$(CONFIG=$PWD/conf run "docker://$REGISTRY/x/app:v1" 2>&1)"
expect "what a mirror sees of the password" 0 "$(grep -vc ' - - ' "$mirror_log" || true)"
(($(grep -c /blobs/ "$mirror_log") > 0)) || fail "the mirror was not asked: $(cat "$mirror_log")"
