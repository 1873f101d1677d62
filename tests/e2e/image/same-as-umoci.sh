#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tree of an imported image is what umoci unpacks, on random layers (SABOT_TEST_LAYOUTS of them, 50) and on Debian.
# shellcheck source=tests/lib/common.sh
source "$(dirname "$0")/../../lib/common.sh"

[[ $(id -u) == 0 ]] || skip "root is needed to unpack owners as they are recorded"
for tool in umoci unsquashfs python3; do command -v $tool >/dev/null || skip "$tool is not installed"; done
work=$(mktemp -d /var/tmp/sabot-umoci.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
cd "$work"
export SABOT_STORE=$work/store
compare() {
  local image=$1 name=$2; shift 2
  "$SABOT" --config /nonexistent image import --quiet "oci:$image" "$name" >import.log 2>&1 || fail "$image: $(cat import.log)"
  umoci unpack --image "$image" bundle >umoci.log 2>&1 || fail "umoci, $image: $(tail -n 3 umoci.log)"
  local digest
  digest=$(cut -d' ' -f1 <import.log | grep -m 1 sha256:)
  unsquashfs -q -n -d ours "store/images/sha256/${digest#sha256:}.squashfs" >/dev/null 2>unsquashfs.log || fail "unsquashfs, $image: $(cat unsquashfs.log)"
  python3 "$TESTS/lib/same_tree.py" ours bundle/rootfs "$@" >differences || fail "$image: $(cat differences)"
  rm -rf --one-file-system bundle ours store
}

count=${SABOT_TEST_LAYOUTS:-50}
"$TESTS/images/make-layers" "$work" "${SABOT_TEST_SEED:-1}" "$count"
for ((i = ${SABOT_TEST_SEED:-1}; i < ${SABOT_TEST_SEED:-1} + count; ++i)); do compare "layout:image-$i" random; done

# Debian as it is, and above it a layer that changes, replaces and removes some of it.
[[ -e $CACHE/debian-mpi.tar ]] || fail "$CACHE/debian-mpi.tar is not there; tests/images/prepare makes it"
umoci init --layout debian && umoci new --image debian:12
umoci raw add-layer --image debian:12 "$CACHE/debian-mpi.tar" >umoci.log 2>&1 || fail "umoci: $(cat umoci.log)"
python3 - <<'PY'
import io, tarfile
with tarfile.open("upper.tar", "w") as tar:
    def add(name, kind=tarfile.REGTYPE, link="", content=b""):
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname, entry.size, entry.mtime, entry.mode = kind, link, len(content), 1600000000, 0o755
        tar.addfile(entry, io.BytesIO(content))
    add("usr/bin/.wh.perl")
    add("usr/share/.wh.zoneinfo")
    add("etc/apt/.wh..wh..opq")
    add("etc/apt/new", content=b"new\n")
    add("usr/bin/awk", content=b"#!/bin/sh\n")            # was a symlink
    add("usr/games", tarfile.SYMTYPE, "bin")              # was a directory
    add("usr/bin/also-env", tarfile.LNKTYPE, "usr/bin/env")
PY
umoci raw add-layer --image debian:12 upper.tar >umoci.log 2>&1 || fail "umoci: $(cat umoci.log)"
compare debian:12 debian
if [[ -n ${SABOT_TEST_LAYOUT:-} ]]; then compare "$SABOT_TEST_LAYOUT" given; fi
