#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A registry with a password is shown the one of the user's file, helper or variable, and no message shows it.
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"
# shellcheck source=tests/lib/registry.sh
source "$TESTS/lib/registry.sh"
need umoci skopeo busybox docker-registry python3
export SABOT_STORE=$HOME/store
secret=s3cr:t-in-no-message

make_layout v1
printf 'alice:%s\n' "$(bcrypt "$secret")" >htpasswd
start_registry "$HOME/registry" "auth: {htpasswd: {realm: here, path: $HOME/htpasswd}}"
push v1 private/app:1 --dest-creds "alice:$secret"
image=docker://$REGISTRY/private/app:1
auth=$(printf 'alice:%s' "$secret" | base64 -w0)

# refused_quietly TEXT CMD...: as refused 125; neither what is said nor the store holds the secret or its base64.
refused_quietly() {
  refused 125 "$@"
  lacks "the message" "$secret" "$(shift; "$@" 2>&1 || true)"
  ! grep -rqsF -e "$secret" -e "$auth" "$SABOT_STORE" || fail "the store holds the secret"
}
# allowed WHAT CMD...: it runs, from an empty store.
allowed() {
  local what=$1; shift
  rm -rf "$SABOT_STORE"
  expect "$what" v1 "$("$@" 2>said || cat said)"
  ! grep -rqsF -e "$secret" -e "$auth" "$SABOT_STORE" said || fail "$what: the store or a message holds the secret"
}

refused_quietly "no credentials (looked at: no file is there)" run "$image"
mkdir -m 700 .docker
docker() { printf '{"auths":{"%s":{"auth":"%s"}}}' "$1" "$2" >.docker/config.json; chmod 600 .docker/config.json; }
docker "$REGISTRY" "$auth"
allowed "Docker's file" run "$image"
allowed "the user in the reference" run "docker://alice@$REGISTRY/private/app:1"
rm -rf "$SABOT_STORE"
refused_quietly "no credentials for user 'bob' (looked at: $HOME/.docker/config.json)" run "docker://bob@$REGISTRY/private/app:1"
docker "$REGISTRY/private" "$auth"
allowed "a key with a path" run "$image"
docker "$REGISTRY/other" "$auth"
rm -rf "$SABOT_STORE"
refused_quietly "no credentials (looked at: $HOME/.docker/config.json)" run "$image"
docker "$REGISTRY" "$(printf 'alice:wrong-secret' | base64)"
refused_quietly "does not accept them; tried for $REGISTRY/private/app: user 'alice' from $HOME/.docker/config.json" run "$image"
mv .docker elsewhere
docker_elsewhere() { DOCKER_CONFIG=$HOME/elsewhere run "$image"; }
refused_quietly "from $HOME/elsewhere/config.json" docker_elsewhere
rm -r elsewhere

printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$auth" >auth.json; chmod 600 auth.json
allowed "REGISTRY_AUTH_FILE" env REGISTRY_AUTH_FILE="$HOME/auth.json" "$SABOT" --config /nonexistent run "$image"
mkdir -p run/containers && mv auth.json run/containers/
allowed "the runtime directory's" env XDG_RUNTIME_DIR="$HOME/run" "$SABOT" --config /nonexistent run "$image"
chmod 644 run/containers/auth.json
rm -rf "$SABOT_STORE"
contains "a file that others can read" "others can read the secrets in $HOME/run/containers/auth.json" \
  "$(XDG_RUNTIME_DIR=$HOME/run "$SABOT" image import -q "$image" 2>&1)"
rm -r run

mkdir -p .config/enroot
printf 'machine other login x password y\nmachine 127.0.0.1 login alice password $THE_SECRET\n' >.config/enroot/.credentials
chmod 600 .config/enroot/.credentials
allowed "Enroot's, a variable" env THE_SECRET="$secret" "$SABOT" --config /nonexistent run "$image"
printf 'machine 127.0.0.1 login alice password $(touch %s/ran)\n' "$HOME" >.config/enroot/.credentials
rm -rf "$SABOT_STORE"
refused_quietly "a command for a shell, which is not run" run "$image"
[[ ! -e ran ]] || fail "a shell ran"
rm .config/enroot/.credentials
printf 'machine 127.0.0.1 login alice password %s\n' "$secret" >.netrc; chmod 600 .netrc
allowed "netrc" run "$image"
rm .netrc

# The environment: for this command alone, not for the pod.
export SABOT_REGISTRY_USERNAME=alice SABOT_REGISTRY_PASSWORD=$secret
allowed "the environment" run "$image"
expect "the pod does not see it" "" "$(run "$image" sh -c 'echo $SABOT_REGISTRY_PASSWORD$SABOT_REGISTRY_USERNAME')"
unset SABOT_REGISTRY_USERNAME SABOT_REGISTRY_PASSWORD

# A helper: its answer; its failure; its silence; what it sees.
mkdir bin && export PATH=$HOME/bin:$PATH
helper() { printf '#!/bin/sh\nread server\n%s\n' "$1" >bin/docker-credential-test && chmod 755 bin/docker-credential-test; }
mkdir -p .docker && printf '{"credHelpers":{"%s":"test"}}' "$REGISTRY" >.docker/config.json && chmod 600 .docker/config.json
helper "env >$HOME/seen; echo \$1 \$server >>$HOME/seen; printf '{\"ServerURL\":\"x\",\"Username\":\"alice\",\"Secret\":\"$secret\"}'"
allowed "a helper" env SABOT_REGISTRY_PASSWORD= "$SABOT" --config /nonexistent run "$image"
contains "what it is asked" "get $REGISTRY" "$(cat seen)"
rm -rf "$SABOT_STORE"
helper "echo 'credentials not found in native keychain'; exit 1"
refused_quietly "(looked at: $HOME/.docker/config.json, docker-credential-test)" run "$image"
helper "echo $secret; exit 3"
refused_quietly "credential helper docker-credential-test: failed with status 3" run "$image"
helper "echo no json"
refused_quietly "credential helper docker-credential-test: " run "$image"
rm bin/docker-credential-test
refused_quietly "start docker-credential-test" run "$image"

# With a token of its own for each pull.
stop_registries; REGISTRY_PIDS=()
rm -r .docker
make_certificate token
start_server "$HOME" token_server.py "$HOME" "alice:$secret" 60
start_registry "$HOME/registry2" "auth: {token: {realm: 'http://127.0.0.1:$PORT/token', service: here, issuer: sabot-test, rootcertbundle: $HOME/token.crt}}"
push v1 private/app:1 --dest-creds "alice:$secret"
image=docker://$REGISTRY/private/app:1
rm -rf "$SABOT_STORE"
refused_quietly "gives no token" run "$image"
mkdir -p .docker && docker "$REGISTRY" "$auth"
: >token.log
allowed "a token" run "$image"
expect "one token for a whole pull" 1 "$(wc -l <token.log)"
contains "what it is for" "scope=repository%3Aprivate%2Fapp%3Apull" "$(cat token.log)"
