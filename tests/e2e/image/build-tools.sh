#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What buildah makes of a Dockerfile and actool of a layout is imported from each place they can put it, and runs.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../../lib/common.sh"

for tool in buildah actool busybox; do command -v $tool >/dev/null || skip "$tool is not installed"; done
if [[ -z ${SABOT_TEST_AS_USER:-} ]]; then  # the tools as root; what they made as a user
  [[ $(id -u) == 0 ]] || skip "root is needed to build images"
  work=$(mktemp -d /var/tmp/sabot-build.XXXXXX)
  trap 'rm -rf --one-file-system "$work"' EXIT
  pushd "$work" >/dev/null
  mkdir context
  cp "$(command -v busybox)" context/busybox
  cat >context/Dockerfile <<'DOCKERFILE'
FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "cd /bin && for t in sh cat rm mkdir echo; do ln -s busybox $t; done"]
RUN mkdir -p /app /old && echo built > /app/file && echo gone > /old/file && echo kept > /old/kept
RUN rm /old/file && echo changed > /app/file
ENV PATH=/bin WHO="a docker image"
WORKDIR /app
ENTRYPOINT ["cat"]
CMD ["file"]
DOCKERFILE
  export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs TMPDIR=$work CONTAINERS_STORAGE_CONF=$work/storage.conf
  printf '[storage]\ndriver = "vfs"\nrunroot = "%s/run"\ngraphroot = "%s/graph"\n' "$work" "$work" >storage.conf
  printf '{"default":[{"type":"insecureAcceptAnything"}]}' >policy.json
  said=$(buildah --signature-policy=policy.json bud --layers -t img context 2>&1) || fail "buildah: $said"
  for kind in oci:layout:v1 oci-archive:oci.tar:v1 docker-archive:docker.tar:img:v1; do
    buildah --signature-policy=policy.json push -q img "$kind" >push.log 2>&1 || fail "buildah push $kind: $(cat push.log)"
  done
  mkdir -p aci/rootfs/bin
  cp context/busybox aci/rootfs/bin/busybox
  ln -s busybox aci/rootfs/bin/sh
  cat >aci/manifest <<'MANIFEST'
{"acKind":"ImageManifest","acVersion":"0.8.11","name":"example.com/app",
 "labels":[{"name":"version","value":"1"},{"name":"os","value":"linux"},{"name":"arch","value":"amd64"}],
 "app":{"exec":["/bin/sh","-c","echo $WHO in $PWD"],"user":"0","group":"0","workingDirectory":"/bin",
        "environment":[{"name":"WHO","value":"an ACI"},{"name":"PATH","value":"/bin"}]}}
MANIFEST
  actool build aci app.aci >actool.log 2>&1 || fail "actool: $(cat actool.log)"
  mkdir out
  mv layout oci.tar docker.tar app.aci out
  chown -R 5077:5077 out && chmod 755 "$work"
  set -- "$work/out"
  popd >/dev/null
  code=0
  ( source "$TESTS/lib/user.sh" ) || code=$?
  exit "$code"
fi
# shellcheck source=tests/lib/user.sh
source "$(dirname "$0")/../../lib/user.sh"

made=$1
export SABOT_STORE=$HOME/store
for image in "oci:$made/layout:v1" "oci-archive:$made/oci.tar:v1" "docker-archive:$made/docker.tar:img:v1" "$made/docker.tar" \
  "$made/oci.tar"; do
  expect "its own command, $image" changed "$(run "$image")"
  expect "its environment, $image" "a docker image in /app" "$(run "$image" -- sh -c 'echo "$WHO in $PWD"')"
  expect "what a layer removed, $image" kept "$(run "$image" -- sh -c 'cd /old && echo *')"
done
expect "one image, whatever it came in" 1 "$("$SABOT" --json image list | grep -o '"digest"' | wc -l)"
for image in "aci:$made/app.aci" "$made/app.aci"; do
  expect "an ACI's own command, $image" "an ACI in /bin" "$(run "$image")"
done
