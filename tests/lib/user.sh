# SPDX-License-Identifier: Apache-2.0
# user.sh: be an ordinary user on an ordinary node, for tests without Slurm: root would hide bugs.
# A script that sources it is started again as such a user, in a mount namespace with a /dev/fuse that users may
# open (the machine's own may be 0600 and is not changed) and a /tmp and home of its own, which go with it.
# SABOT_TEST_FUSE_MODE: another mode of that /dev/fuse.
# shellcheck shell=bash
# shellcheck source=tests/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [[ -z ${SABOT_TEST_AS_USER:-} ]]; then
  [[ $(id -u) == 0 ]] || skip "root is needed to become an ordinary user"
  export SABOT_TEST_AS_USER=1
  # shellcheck disable=SC2016  # expanded by the inner shell
  exec unshare --mount --pid --fork --kill-child bash -euc '
    mount --make-rprivate /
    mount -t proc proc /proc
    mount -t tmpfs -o mode=1777 tmpfs /tmp
    mkdir /tmp/.dev && mount -t tmpfs -o mode=755 tmpfs /tmp/.dev
    mknod -m "${SABOT_TEST_FUSE_MODE:-666}" /tmp/.dev/fuse c 10 229
    mount --bind /tmp/.dev/fuse /dev/fuse
    umount -l /tmp/.dev && rmdir /tmp/.dev
    mkdir -m 700 /tmp/home && chown 5077:5077 /tmp/home
    cd /tmp/home
    exec setpriv --reuid 5077 --regid 5077 --clear-groups --inh-caps=-all --bounding-set=-all \
      env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/tmp/home LANG=C \
      SABOT_TEST_AS_USER=1 SABOT_BUILD_DIR="$SABOT_BUILD_DIR" SABOT_CACHE="$CACHE" \
      ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} bash "$0" "$@"' \
    "$(readlink -f "$0")" "$@"
fi
cd "$HOME"

# Whether a keeper of ours runs; in this PID namespace every process is ours.
keepers() { pgrep -x sabot-keeper || true; }
no_keeper() { [[ -z $(keepers) ]]; }
run() { "$SABOT" --config "${CONFIG:-/nonexistent}" run "$@"; }
# refused CODE TEXT CMD...: the command must fail with CODE and say TEXT in one line.
refused() {
  local code=$1 text=$2 got=0 said; shift 2
  said=$("$@" 2>&1 >/dev/null) || got=$?
  expect "exit code of $*" "$code" "$got"
  contains "message of $*" "$text" "$said"
  expect "lines of the message of $*: $said" 1 "$(wc -l <<<"$said")"
}
