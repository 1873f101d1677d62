# SPDX-License-Identifier: Apache-2.0
# common.bash: sourced by the tests of the mounted image. A test runs in a mount namespace of its own: as root, and,
# where it says so, again as a user in a user namespace. Its files are in a tmpfs that goes with the namespace.
# A test defines `inside`, then calls `run_test root` or `run_test root user`.

set -u
TOOL=${SABOT_BUILD_DIR:-build}/stage1-hpc/fs/sabot-fs-mount
SELF=$(readlink -f "$0")
NOBODY=65534

fail() { echo "FAIL: ${MODE:-}: $*" >&2; exit 1; }
skip() { echo "SKIP: $*"; exit 77; }
need() { local c; for c; do command -v "$c" >/dev/null || skip "$c is not installed"; done; }

# In the namespace: a private scratch directory, the working directory.
enter_scratch() {
  mount -t tmpfs -o mode=0755 scratch "$WORK" || fail "cannot mount a tmpfs"
  cd "$WORK" || fail "cannot enter $WORK"
}

# A user cannot open a /dev/fuse of mode 0600: show one of mode 0666, in this namespace alone.
open_fuse_to_users() {
  mount -t tmpfs -o mode=0755 node "$WORK" && mknod -m 666 "$WORK/fuse" c 10 229 && chmod 666 "$WORK/fuse" &&
    mount --bind "$WORK/fuse" /dev/fuse && umount -l "$WORK"
}

run_mode() {
  local status
  WORK=$(mktemp -d /tmp/sabot-fs-e2e-XXXXXX) || exit 1
  export WORK SABOT_BUILD_DIR
  export MODE=$1 PATH=$PATH:/usr/sbin:/sbin
  if [ "$1" = root ]; then
    unshare -m --propagation private bash "$SELF" inside
  elif [ "$(id -u)" = 0 ]; then
    chown $NOBODY:$NOBODY "$WORK"
    unshare -m --propagation private bash "$SELF" as-nobody
  else
    unshare -Urm --propagation private bash "$SELF" inside
  fi
  status=$?
  rmdir "$WORK" || status=1
  [ $status = 0 ] || exit $status
}

run_test() {
  local mode ran=0
  [ -x "$TOOL" ] || skip "$TOOL is not built"
  for mode; do
    if [ "$mode" = root ] && [ "$(id -u)" != 0 ]; then continue; fi
    if [ "$mode" = user ] && [ "$(id -u)" != 0 ] && ! { : <>/dev/fuse; } 2>/dev/null; then continue; fi
    run_mode "$mode"
    ran=$((ran + 1))
  done
  [ $ran -gt 0 ] || skip "needs root, or a /dev/fuse that is open to users"
}

start() { # test arguments: what this process is, and then the modes to run
  case ${STAGE:-} in
    as-nobody)
      open_fuse_to_users || fail "cannot make a private /dev/fuse"
      setpriv --reuid $NOBODY --regid $NOBODY --clear-groups true 2>/dev/null || skip "setpriv cannot drop to nobody"
      [ -x "$TOOL" ] && setpriv --reuid $NOBODY --regid $NOBODY --clear-groups test -x "$TOOL" ||
        skip "the build directory is closed to other users"
      exec setpriv --reuid $NOBODY --regid $NOBODY --clear-groups \
        unshare -Urm --propagation private bash "$SELF" inside
      ;;
    inside)
      enter_scratch
      inside
      cd /
      umount -l "$WORK"
      exit 0
      ;;
    *) run_test "$@" ;;
  esac
}
STAGE=${1:-}

SERVER=

# serve IMAGE MOUNTPOINT [option...]: returns when the mount answers.
serve() {
  mkdir -p "$2"
  "$TOOL" "$@" &
  SERVER=$!
  local deadline=$((SECONDS + 20))
  until mountpoint -q "$2"; do
    kill -0 "$SERVER" 2>/dev/null || fail "the server ended before it mounted $1"
    [ $SECONDS -lt $deadline ] || fail "no mount of $1 within 20 s"
    sleep 0.01
  done
}

# Waits for the last server; it must end with 0, within 5 s.
server_ends() {
  local deadline=$((SECONDS + 5)) status
  while kill -0 "$SERVER" 2>/dev/null && [ "$(ps -o stat= -p "$SERVER" | cut -c1)" != Z ]; do
    [ $SECONDS -lt $deadline ] || fail "the server did not end after $1"
    sleep 0.01
  done
  wait "$SERVER"
  status=$?
  SERVER= # the number may be another process's from now on
  [ $status = 0 ] || fail "the server ended with $status after $1"
}

unserve() {
  umount "$1" || fail "cannot unmount $1"
  server_ends "umount"
}

# Leaves no server behind, whichever way the test ends.
end_server() {
  [ -z "$SERVER" ] || kill "$SERVER" 2>/dev/null
  SERVER=
}
trap end_server EXIT

make_image() { # IMAGE DIRECTORY [option...]
  local image=$1 tree=$2
  shift 2
  mksquashfs "$tree" "$image" -noappend -no-progress -quiet "$@" >/dev/null || fail "mksquashfs $*"
}
